def keys(images):
    return [image.tobytes() for image in images]


def right(parts):
    found, seen = {}, set()
    for name, images in parts.items():
        own = keys(images)
        found[name] = [row for row, key in enumerate(own) if key in seen]
        seen |= set(own)
    return found


def wrong_first_only(parts):
    """Test is compared with train, and not with valid."""
    first = next(iter(parts))
    seen, found = set(keys(parts[first])), {}
    for name, images in parts.items():
        if name != first:
            found[name] = [row for row, key in enumerate(keys(images)) if key in seen]
    return found


def wrong_within(parts):
    """Each image is noted at once, so a twin in the same part counts."""
    found, seen = {}, set()
    for name, images in parts.items():
        found[name] = []
        for row, key in enumerate(keys(images)):
            if key in seen:
                found[name].append(row)
            seen.add(key)
    return found


def wrong_once(parts):
    """A dictionary keeps the last row of each image alone."""
    found, seen = {}, set()
    for name, images in parts.items():
        place = {key: row for row, key in enumerate(keys(images))}
        found[name] = [row for key, row in place.items() if key in seen]
        seen |= set(place)
    return found


def wrong_once_2(parts):
    """``index`` finds the first row of an image, always."""
    found = {}
    for name, rows in right(parts).items():
        own = keys(parts[name])
        found[name] = sorted({own.index(own[row]) for row in rows})
    return found


def wrong_origin(parts):
    """The rows of train instead of those that repeat them."""
    first, *others = parts
    later = {key for name in others for key in keys(parts[name])}
    return {first: [row for row, key in enumerate(keys(parts[first])) if key in later]}


def wrong_sum(parts):
    """Two images are taken to be the same if their pixels add up to the same."""
    found, seen = {}, set()
    for name, images in parts.items():
        sums = [int(image.sum()) for image in images]
        found[name] = [row for row, own in enumerate(sums) if own in seen]
        seen |= set(sums)
    return found


def wrong_nothing(parts):
    """Where an array lies in memory is not what its pixels are."""
    every = {name: list(images) for name, images in parts.items()}
    found, seen = {}, set()
    for name, images in every.items():
        found[name] = [row for row, image in enumerate(images) if id(image) in seen]
        seen |= set(map(id, images))
    return found


def wrong_rows(parts):
    return {name: [0] for name in parts}


def wrong_parts_of(parts):
    return {"leaks": [0]}


def wrong_kind(parts):
    return sum(map(len, right(parts).values()))


def wrong_raised(parts):
    return {image for images in parts.values() for image in images}
