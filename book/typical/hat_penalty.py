import torch


def right(gates, protected):
    a, free = torch.cat(gates), 1 - torch.cat(protected)
    return (a * free).sum() / free.sum().clamp(min=1e-6)


def shares(gates, protected):
    pairs = zip(gates, protected, strict=True)
    return [(a * (1 - old)).sum() / (1 - old).sum() for a, old in pairs]


def wrong_layers(gates, protected):
    return sum(shares(gates, protected)) / len(gates)


def wrong_layers_sum(gates, protected):
    return sum(shares(gates, protected))


def wrong_plain(gates, protected):
    return torch.cat(gates).mean()


def wrong_old(gates, protected):
    a, old = torch.cat(gates), torch.cat(protected)
    return (a * old).sum() / old.sum()


def wrong_sum(gates, protected):
    return (torch.cat(gates) * (1 - torch.cat(protected))).sum()


def wrong_every(gates, protected):
    return (torch.cat(gates) * (1 - torch.cat(protected))).mean()


def wrong_full(gates, protected):
    """Each layer by how much of it is free: 0/0 times 0."""
    free = torch.stack([(1 - old).sum() for old in protected])
    each = torch.stack(shares(gates, protected))
    return (each * free).sum() / free.sum()


def wrong_empty(gates, protected):
    a, free = torch.cat(gates), 1 - torch.cat(protected)
    return (a * free).sum() / free.sum()


def wrong_price(gates, protected):
    free = 1 - torch.cat(protected)
    return right(gates, protected) if free.any() else torch.tensor(1.0)
