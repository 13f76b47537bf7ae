"""Compares the program with timm on a whole resnetv2_50: features and log-probabilities of three pictures.

Weights are random, so nothing is downloaded. Needs PyTorch, timm, safetensors, Pillow and the built program.

Run: python compare_timm.py build/bin/s4l
"""
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import safetensors.torch
import timm
import torch
from PIL import Image

program = str(Path(sys.argv[1]).resolve())
torch.manual_seed(0)
model = timm.create_model("resnetv2_50")
for name, value in model.state_dict().items():  # scales that are not the initial ones
    if "norm" in name and name.endswith("weight"):
        value.uniform_(0.5, 1.5)
    elif name == "head.fc.weight":
        value.normal_(0, 0.05)
for module in model.modules():
    if isinstance(module, torch.nn.BatchNorm2d):
        module.momentum = 1.0
with torch.no_grad():
    model(torch.rand(8, 3, 224, 224) * 2 - 1)  # statistics that fit
model.eval()

with tempfile.TemporaryDirectory() as folder:
    weights = f"{folder}/timm.safetensors"
    safetensors.torch.save_file(model.state_dict(), weights)
    pictures = np.random.default_rng(0).integers(0, 256, (3, 256, 256, 3), dtype=np.uint8)  # resizing leaves this side
    names = [f"{folder}/{i}.png" for i in range(3)]
    for name, picture in zip(names, pictures):
        Image.fromarray(picture).save(name)
    run = [program, "predict", weights, *names, "--model", "resnet50", "--top-k", "1000", "--json"]
    answers = json.loads(subprocess.run(run, check=True, capture_output=True).stdout)
    run = [program, "embed", weights, *names, "--model", "resnet50", "-o", f"{folder}/features.npy"]
    subprocess.run(run, check=True)
    features = np.load(f"{folder}/features.npy")

x = torch.from_numpy(pictures[:, 16:240, 16:240]).permute(0, 3, 1, 2).double() / 127.5 - 1
with torch.no_grad():
    model = model.double()
    expected_features = model.forward_features(x).mean((2, 3)).numpy()
    expected = torch.log_softmax(model(x), 1).numpy()
got = np.zeros_like(expected)
for row, answer in zip(got, answers):
    for entry in answer["classes"]:
        row[int(entry["class"])] = np.log(entry["confidence"])
scale = np.abs(expected_features).max()
print(f"features:          largest {scale:.4g}, largest difference {np.abs(features - expected_features).max():.3g}")
print(f"log-probabilities: from {expected.min():.4g} to {expected.max():.4g}, "
      f"largest difference {np.abs(got - expected).max():.3g}")
assert np.allclose(features, expected_features, rtol=1e-4, atol=1e-4 * scale)
assert np.allclose(got, expected, rtol=1e-4, atol=1e-4)
