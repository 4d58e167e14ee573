import copy


def tried(net, sizes, train):
    found = []
    for size in sorted(sizes):
        candidate = copy.deepcopy(net)
        found.append((size, train(candidate, size), candidate))
    return found


def chosen(found, margin):
    enough = max(accuracy for _, accuracy, _ in found) - margin
    return next((s, own) for s, accuracy, own in found if accuracy >= enough)


def right(net, sizes, train, margin):
    return chosen(tried(net, sizes, train), margin)


def wrong_pair(net, sizes, train, margin):
    return right(net, sizes, train, margin)[0]


def wrong_missing(net, sizes, train, margin):
    """It stops as soon as a larger one is no better."""
    found = []
    for size in sorted(sizes):
        candidate = copy.deepcopy(net)
        accuracy = train(candidate, size)
        if found and accuracy < found[-1][1]:
            break
        found.append((size, accuracy, candidate))
    return chosen(found, margin)


def wrong_again(net, sizes, train, margin):
    size, _ = right(net, sizes, train, margin)
    winner = copy.deepcopy(net)
    train(winner, size)
    return size, winner


def wrong_order(net, sizes, train, margin):
    found = []
    for size in sizes:
        candidate = copy.deepcopy(net)
        found.append((size, train(candidate, size), candidate))
    return chosen(sorted(found, key=lambda each: each[0]), margin)


def wrong_moved(net, sizes, train, margin):
    candidate, found = copy.deepcopy(net), []
    for size in sorted(sizes):
        accuracy = train(candidate, size)
        found.append((size, accuracy, copy.deepcopy(candidate)))
    return chosen(found, margin)


def wrong_moved_2(net, sizes, train, margin):
    """What state_dict() gives is no copy."""
    candidate, start, found = copy.deepcopy(net), net.state_dict(), []
    candidate.load_state_dict(start)
    start = candidate.state_dict()
    for size in sorted(sizes):
        candidate.load_state_dict(start)
        accuracy = train(candidate, size)
        found.append((size, accuracy, copy.deepcopy(candidate)))
    return chosen(found, margin)


def wrong_buffers(net, sizes, train, margin):
    candidate, found = copy.deepcopy(net), []
    start = [p.detach().clone() for p in net.parameters()]
    for size in sorted(sizes):
        for own, value in zip(candidate.parameters(), start, strict=True):
            own.data.copy_(value)
        accuracy = train(candidate, size)
        found.append((size, accuracy, copy.deepcopy(candidate)))
    return chosen(found, margin)


def wrong_no_size(net, sizes, train, margin):
    found = tried(net, sizes, train)
    size, winner = chosen(found, margin)
    return next(a for s, a, _ in found if s == size), winner


def wrong_untrained(net, sizes, train, margin):
    return right(net, sizes, train, margin)[0], net


def wrong_other_net(net, sizes, train, margin):
    found = tried(net, sizes, train)
    return chosen(found, margin)[0], found[-1][2]


def wrong_given(net, sizes, train, margin):
    found, *others = sorted(sizes)
    copies = [copy.deepcopy(net) for _ in others]
    every = [(found, train(net, found), net)]
    for size, own in zip(others, copies, strict=True):
        every.append((size, train(own, size), own))
    return chosen(every, margin)


def wrong_best(net, sizes, train, margin):
    return chosen(tried(net, sizes, train), 0)


def wrong_last(net, sizes, train, margin):
    return chosen(tried(net, sizes, train)[::-1], margin)


def wrong_relative(net, sizes, train, margin):
    found = tried(net, sizes, train)
    return chosen(found, margin * max(a for _, a, _ in found))


def wrong_first(net, sizes, train, margin):
    found = tried(net, sizes, train)
    return chosen(sorted(found, key=lambda e: sizes.index(e[0])), margin)
