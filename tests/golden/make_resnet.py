"""Writes resnet.inc: small pre-activation units and one small network, computed by PyTorch in f64.

The unit is stated here from the paper's equations, apart from the engine: u = relu(bn1(x)); every later convolution
reads relu(bn(.)) of the one before; the shortcut is x, or a strided 1x1 convolution of u where size or width change.
Layouts are the engine's: pictures (N, H, W, C), kernels (O, kh, kw, C).

Run: python make_resnet.py > resnet.inc
"""
import torch
import torch.nn.functional as F

torch.manual_seed(4)
tensors = []


def put(case, name, value):
    value = value.detach()
    if value.dim() == 4:
        value = value.permute(0, 2, 3, 1)
    shape = ", ".join(str(s) for s in value.shape)
    numbers = ", ".join(f"{v:.8g}" for v in value.flatten().tolist())
    tensors.append(f'{{"{case}", "{name}", {{{shape}}}, {{{numbers}}}}},')


def rounded(*shape):
    return torch.randn(*shape, dtype=torch.float64).mul(32).round().div(32)


class Case:
    """Draws parameters on first use and writes them under their name."""

    def __init__(self, name):
        self.name = name

    def draw(self, key, *shape):
        value = rounded(*shape)
        put(self.name, key, value)
        return value

    def conv(self, key, x, out, size, stride):
        weight = self.draw(f"{key}.weight", out, x.shape[1], size, size)
        return F.conv2d(x, weight, stride=stride, padding=size // 2)

    def bn_relu(self, key, x):
        gamma, beta = self.draw(f"{key}.weight", x.shape[1]), self.draw(f"{key}.bias", x.shape[1])
        mean = x.mean((0, 2, 3), keepdim=True)
        var = x.var((0, 2, 3), unbiased=False, keepdim=True)
        y = (x - mean) / torch.sqrt(var + 1e-3)
        return F.relu(gamma[:, None, None] * y + beta[:, None, None])

    def unit(self, prefix, x, convs, stride):
        """convs: (channels, kernel size, strided?) of each convolution."""
        h = u = self.bn_relu(f"{prefix}norm1", x)
        for i, (out, size, strided) in enumerate(convs, start=1):
            if i > 1:
                h = self.bn_relu(f"{prefix}norm{i}", h)
            h = self.conv(f"{prefix}conv{i}", h, out, size, stride if strided else 1)
        if stride > 1 or x.shape[1] != h.shape[1]:
            return h + self.conv(f"{prefix}downsample.conv", u, h.shape[1], 1, stride)
        return h + x

    def finish(self, x, y):
        gy = rounded(*y.shape)
        gx, = torch.autograd.grad(y, x, gy)
        for key, value in (("x", x), ("y", y), ("gy", gy), ("gx", gx)):
            put(self.name, key, value)


def picture(*shape):
    return rounded(*shape).requires_grad_()


def unit_case(name, x, convs, stride):
    case = Case(name)
    case.finish(x, case.unit("", x, convs, stride))


unit_case("bottleneck", picture(2, 4, 5, 5), [(2, 1, False), (2, 3, True), (8, 1, False)], 2)
unit_case("bottleneck_identity", picture(2, 8, 3, 4), [(2, 1, False), (2, 3, True), (8, 1, False)], 1)
unit_case("basic", picture(2, 3, 5, 4), [(4, 3, False), (4, 3, True)], 2)
unit_case("wide", picture(2, 3, 5, 4), [(4, 3, True), (4, 3, False)], 2)

case = Case("network")
x = picture(2, 3, 11, 9)
h = case.conv("stem.conv", x, 2, 7, 2)
padded_by_zero = F.max_pool2d(F.pad(h, (1, 1, 1, 1)), 3, 2)
assert (padded_by_zero != F.max_pool2d(h, 3, 2, 1)).any(), "choose a seed where a padded zero wins"
h = padded_by_zero
h = case.unit("stages.0.blocks.0.", h, [(1, 1, False), (1, 3, True), (4, 1, False)], 1)
h = case.unit("stages.1.blocks.0.", h, [(2, 1, False), (2, 3, True), (8, 1, False)], 2)
h = case.bn_relu("norm", h).mean((2, 3))
weight, bias = case.draw("head.fc.weight", 3, 8), case.draw("head.fc.bias", 3)
case.finish(x, h @ weight.T + bias)

print("// Written by make_resnet.py: {case, tensor, shape, values}.")
print("\n".join(tensors))
