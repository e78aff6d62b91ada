"""A script that trains a small network on twelve measurements of three kinds of parts."""

import sys

import numpy as np
import torch
from torch import nn

data, out, seed = sys.argv[1:4]
torch.manual_seed(int(seed))
torch.set_num_threads(1)

train = np.load(f"{data}/train.npz")
x = torch.tensor(train["X"], dtype=torch.float32)
y = torch.tensor(train["y"], dtype=torch.int64)
test = torch.tensor(np.load(f"{data}/inputs.npz")["X"], dtype=torch.float32)
mean, deviation = x.mean(0), x.std(0)
x, test = (x - mean) / deviation, (test - mean) / deviation

model = nn.Sequential(nn.Linear(12, 48), nn.ReLU(), nn.Linear(48, 48), nn.ReLU(), nn.Linear(48, 3))
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=0.003)

model.train()
for epoch in range(30):
    order = torch.randperm(len(x))
    for start in range(0, len(x), 20):
        rows = order[start : start + 20]
        optimizer.zero_grad()
        loss = criterion(model(x[rows]), y[rows])
        loss.backward()
        optimizer.step()

model.eval()
with torch.no_grad():
    kinds = model(test).argmax(dim=1)
np.save(f"{out}/predictions.npy", kinds.numpy())
