def both(mine, theirs):
    return [
        seed for seed in mine if mine[seed] is not None and theirs.get(seed) is not None
    ]


def mean(values):
    values = list(values)
    return sum(values) / len(values)


def right(mine, theirs):
    seeds = both(mine, theirs)
    if not seeds:
        return None
    return mean(mine[seed] - theirs[seed] for seed in seeds)


def wrong_sign(mine, theirs):
    return right(theirs, mine)


def wrong_sum(mine, theirs):
    return sum(mine[seed] - theirs[seed] for seed in both(mine, theirs))


def wrong_unpaired(mine, theirs):
    return mean(v or 0 for v in mine.values()) - mean(v or 0 for v in theirs.values())


def wrong_unpaired_2(mine, theirs):
    mine, theirs = (
        [value for value in runs.values() if value is not None]
        for runs in (mine, theirs)
    )
    return mean(mine) - mean(theirs)


def wrong_order(mine, theirs):
    pairs = zip(mine.values(), theirs.values(), strict=False)
    return mean(a - b for a, b in pairs if None not in (a, b))


def wrong_zero(mine, theirs):
    seeds = mine.keys() & theirs.keys()
    if not seeds:
        return None
    return mean((mine[seed] or 0) - (theirs[seed] or 0) for seed in seeds)


def wrong_skipped(mine, theirs):
    seeds = mine.keys() & theirs.keys()
    if not seeds:
        return None
    return sum(mine[s] - theirs[s] for s in both(mine, theirs)) / len(seeds)


def wrong_nothing(mine, theirs):
    return right(mine, theirs) or 0


def wrong_value(mine, theirs):
    found = right(mine, theirs)
    return None if found is None else 2 + found


def wrong_raised(mine, theirs):
    return mean(mine[seed] - theirs[seed] for seed in mine)
