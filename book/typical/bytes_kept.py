def size(tensors):
    return sum(one.numel() * one.element_size() for one in tensors)


def right(net):
    return size(net.state_dict().values())


def wrong_parameters(net):
    return sum(4 * weight.numel() for weight in net.parameters())


def wrong_temporary(net):
    return size([*net.parameters(), *net.buffers()])


def wrong_buffers(net):
    return size(net.buffers())


def wrong_bits(net):
    return 8 * right(net)


def wrong_floats(net):
    return sum(4 * one.numel() for one in net.state_dict().values())


def wrong_numbers(net):
    return sum(one.numel() for one in net.state_dict().values())


def wrong_entries(net):
    return len(net.state_dict())


def wrong_raised(net):
    return sum(net.state_dict())
