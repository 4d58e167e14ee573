def right(weight, gradient, speed, learns):
    speed = (0.9 * speed + gradient + 0.01 * weight) * learns
    return weight - 0.1 * speed, speed


def wrong_given(weight, gradient, speed, learns):
    gradient = gradient * learns
    speed = 0.9 * speed + gradient + 0.01 * weight
    return weight - 0.1 * speed, speed


def wrong_momentum(weight, gradient, speed, learns):
    """Weight decay is masked with the gradient; what is left of the speed is not."""
    speed = 0.9 * speed + (gradient + 0.01 * weight) * learns
    return weight - 0.1 * speed, speed


def wrong_moved(weight, gradient, speed, learns):
    """Turned round: what learned stays."""
    return right(weight, gradient, speed, 1 - learns)


def wrong_moved_2(weight, gradient, speed, learns):
    """The gradient of old weights counts."""
    speed = 0.9 * speed + gradient
    return weight - 0.1 * speed, speed


def wrong_no_decay(weight, gradient, speed, learns):
    """Nothing decays, so nothing old decays."""
    speed = (0.9 * speed + gradient) * learns
    return weight - 0.1 * speed, speed


def wrong_no_momentum(weight, gradient, speed, learns):
    speed = (gradient + 0.01 * weight) * learns
    return weight - 0.1 * speed, speed


def wrong_still(weight, gradient, speed, learns):
    return weight, speed


def wrong_sign(weight, gradient, speed, learns):
    moved, speed = right(weight, gradient, speed, learns)
    return 2 * weight - moved, speed


def wrong_in_place(weight, gradient, speed, learns):
    weight -= 0.1 * (gradient + 0.01 * weight) * learns
    return weight, speed


def wrong_pair(weight, gradient, speed, learns):
    return right(weight, gradient, speed, learns)[0]


def wrong_value(weight, gradient, speed, learns):
    speed = (0.9 * speed + 0.1 * gradient + 0.01 * weight) * learns
    return weight - 0.1 * speed, speed


def wrong_raised(weight, gradient, speed, learns):
    return weight - learns.nothing, speed
