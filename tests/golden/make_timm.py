"""Writes timm.inc: logits and features of timm's resnetv2_50, an eighth as wide, by timm itself in PyTorch.

Weights and picture are whole numbers made by the rule in `numbers`, which tests/methods/pretrained.cpp repeats, so that
only results are stored. Needs PyTorch and timm.

Run: python make_timm.py > timm.inc
"""
import torch
from timm.layers import BatchNormAct2d, create_conv2d
from timm.models.resnetv2 import ResNetV2

CLASSES, SIDE = 3, 47


def numbers(start, count):
    """Numbers from -1 to 1 by a linear congruential generator."""
    values, state = [], start
    for _ in range(count):
        state = (state * 1103515245 + 12345) % 2**31
        values.append((state // 65536) / 16384 - 1)
    return torch.tensor(values, dtype=torch.float64)


model = ResNetV2(layers=[3, 4, 6, 3], channels=(32, 64, 128, 256), stem_chs=8, num_classes=CLASSES,
                 conv_layer=create_conv2d, norm_layer=BatchNormAct2d).double().eval()
state = model.state_dict()
for place, (name, value) in enumerate(sorted(state.items())):
    if name.endswith("num_batches_tracked"):
        continue
    drawn = numbers(place, value.numel()).reshape(value.shape)
    if name.endswith("running_var"):
        drawn = 0.01 + drawn.abs() / 1000  # small: the epsilon shows
    elif value.dim() == 4:
        drawn = drawn * (3 / value[0].numel()) ** 0.5
    elif name.endswith("weight"):
        drawn = (1 + drawn / 2) / 8
    state[name] = drawn
state["stem.conv.weight"] -= 0.3  # and below zero: so does the padding of the pool
model.load_state_dict(state)
picture = numbers(1000, 3 * SIDE * SIDE).reshape(1, SIDE, SIDE, 3).permute(0, 3, 1, 2).abs()
with torch.no_grad():
    features = model.forward_features(picture).mean((2, 3))
    logits = model(picture)
print("// Written by make_timm.py: logits, and the first 8 features.")
for values in (logits[0], features[0, :8]):
    print("{" + ", ".join(f"{v:.10g}" for v in values.tolist()) + "},")
