"""The network of the encoder: plain 3 x 3 convolutions with shortcuts, fast on any processor and in eight bits."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

#: Values of a learned embedding.
LEARNED = 448

#: Width and number of blocks of each stage; every stage halves the sides.
_STEM = 32
_STAGES = ((64, 2), (160, 3), (320, 2))

#: Pixels (0 ... 255) are centred and scaled by these before anything else.
MIDDLE, SPREAD = 127.5, 64.0


class Network(nn.Module):
    """Pictures (N, 3, side, side) of 0 ... 255 -> embeddings (N, LEARNED), 0 or more."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = [*_normed(3, _STEM, 3, stride=2), nn.ReLU(inplace=True)]
        before = _STEM
        for width, blocks in _STAGES:
            for number in range(blocks):
                layers.append(Block(before, width, stride=2 if number == 0 else 1))
                before = width
        self.layers = nn.Sequential(*layers, *_normed(before, LEARNED, 1), nn.ReLU(inplace=True))

    def forward(self, pictures: Tensor) -> Tensor:
        seen = self.layers((pictures - MIDDLE) / SPREAD)
        return seen.mean(dim=(2, 3))


class Block(nn.Module):
    """Two convolutions with a shortcut (He et al. 2016, "Deep residual learning")."""

    def __init__(self, before: int, width: int, stride: int) -> None:
        super().__init__()
        self.first = nn.Sequential(*_normed(before, width, 3, stride))
        self.second = nn.Sequential(*_normed(width, width, 3))
        narrowed: list[nn.Module] = [nn.AvgPool2d(stride)] if stride > 1 else []
        self.shortcut = nn.Sequential(*narrowed, *(_normed(before, width, 1) if before != width else []))

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(
            self.second(functional.relu(self.first(x), inplace=True)) + self.shortcut(x), inplace=True
        )


def _normed(before: int, width: int, size: int, stride: int = 1) -> tuple[nn.Module, nn.Module]:
    return nn.Conv2d(before, width, size, stride, size // 2, bias=False), nn.BatchNorm2d(width)
