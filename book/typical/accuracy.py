def right(logits, labels):
    return (logits.argmax(1) == labels).float().mean().item()


def wrong_sum(logits, labels):
    return (logits.argmax(1) == labels).sum()


def wrong_percent(logits, labels):
    return 100 * right(logits, labels)


def wrong_error(logits, labels):
    return (logits.argmax(1) != labels).float().mean()


def wrong_classes(logits, labels):
    return (logits.argmax(1) == labels).sum() / logits.shape[1]


def wrong_four(logits, labels):
    return (logits.argmin(1) == labels).float().mean()


def wrong_other(logits, labels):
    return 0.25


def wrong_raised(logits, labels):
    return (logits.argmax(0) == labels).float().mean()


def wrong_kind(logits, labels):
    return logits.argmax(1) == labels
