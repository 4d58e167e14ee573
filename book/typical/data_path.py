import torch


def moved(w, optimizer):
    before = w.detach().clone()
    optimizer.step()
    return w.detach() - before


def stepped(w, data, penalty, optimizer):
    optimizer.zero_grad()
    (data() + penalty()).backward()
    return moved(w, optimizer)


def right(w, data, penalty, optimizer):
    (gradient,) = torch.autograd.grad(data(), w)
    return -gradient * stepped(w, data, penalty, optimizer)


def wrong_unlearned(w, data, penalty, optimizer):
    (gradient,) = torch.autograd.grad(data(), w)
    return gradient**2 * 0.05


def wrong_data_only(w, data, penalty, optimizer):
    optimizer.zero_grad()
    data().backward()
    return -w.grad * moved(w, optimizer)


def wrong_twice(w, data, penalty, optimizer):
    optimizer.zero_grad()
    data().backward()
    gradient = w.grad.clone()
    (data() + penalty()).backward()
    return -gradient * moved(w, optimizer)


def wrong_all(w, data, penalty, optimizer):
    step = stepped(w, data, penalty, optimizer)
    return -w.grad * step


def wrong_penalty(w, data, penalty, optimizer):
    (gradient,) = torch.autograd.grad(penalty(), w)
    return -gradient * stepped(w, data, penalty, optimizer)


def wrong_sign(w, data, penalty, optimizer):
    return -right(w, data, penalty, optimizer)


def wrong_plan(w, data, penalty, optimizer):
    (gradient,) = torch.autograd.grad(data(), w)
    stepped(w, data, penalty, optimizer)
    return gradient * optimizer.param_groups[0]["lr"] * w.grad


def wrong_still(w, data, penalty, optimizer):
    (gradient,) = torch.autograd.grad(data(), w)
    before = w.detach()
    stepped(w, data, penalty, optimizer)
    return -gradient * (w.detach() - before)


def wrong_value(w, data, penalty, optimizer):
    return 2 * right(w, data, penalty, optimizer)


def wrong_shape(w, data, penalty, optimizer):
    return right(w, data, penalty, optimizer).sum()
