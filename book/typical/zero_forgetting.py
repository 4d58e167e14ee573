import torch

from tfm_lite.methods.base import Method


class right(Method):
    def after_task(self, t):
        for part in self.net.modules():
            for name, parameter in list(part.named_parameters(recurse=False)):
                delattr(part, name)
                part.register_buffer(name, parameter.detach().clone())


wrong_class = print


class wrong_flag(Method):
    def after_task(self, t):
        self.net.requires_grad_(False)


class wrong_moved(Method):
    pass


class wrong_moved_2(Method):
    """The gradient of 0 does not hold a weight."""

    def after_backward(self, t):
        if t > 0:
            for parameter in self.net.stages.parameters():
                parameter.grad = torch.zeros_like(parameter)


class wrong_first(Method):
    def learn(self, task, fit):
        pass


class wrong_second(right):
    def learn(self, task, fit):
        if task.index == 0:
            fit()


class wrong_raised(Method):
    def after_task(self, t):
        self.network.requires_grad_(False)
