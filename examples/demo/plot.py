# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""The picture: how accurate each wrong key was, with the plain model marked."""

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402
import numpy as np  # noqa: E402
from matplotlib.ticker import MaxNLocator  # noqa: E402

from measure import percent  # noqa: E402

WRONG, PLAIN, CHANCE_LINE, INK, FAINT = "#c0504d", "#2f6f9f", "#8a8a8a", "#222222", "#e6e6e6"
TEXT = {"fontsize": 9, "linespacing": 1.5, "bbox": {"facecolor": "white", "edgecolor": "none", "pad": 1}}


def caption(wrong, keys):
    text = f"{keys} wrong keys: mean {percent(wrong['mean'], 2)}, sd {percent(wrong['sd'], 2)}\n"
    text += f"one class only: {percent(wrong['one_class_share'], 0)} of keys"
    return text + (f";  NaN in {percent(wrong['nan_share'], 0)} of answers" if wrong["nan_share"] else "")


def panel(axis, model, keys):
    """One model: a histogram over the keys, one percent to a bar."""
    wrong = model["wrong_keys"]
    accuracies = [100 * k["accuracy"] for k in wrong["per_key"]]
    counts, _, _ = axis.hist(accuracies, bins=np.arange(-0.5, 101), color=WRONG, zorder=3)
    plain = 100 * model["plain"]["accuracy"]
    axis.axvline(plain, color=PLAIN, linewidth=2.5, zorder=3)
    axis.axvline(10, color=CHANCE_LINE, linewidth=1, linestyle=(0, (4, 3)), zorder=2)
    top = max(counts)
    axis.set_ylim(0, 1.12 * top)
    axis.text(25, 0.95 * top, caption(wrong, keys), color=WRONG, va="top", **TEXT)
    label = f"plain: {plain:.1f} %\nright key: {percent(model['right_key']['accuracy'])}"
    axis.text(plain - 1.2, 0.95 * top, label, color=PLAIN, va="top", ha="right",
              **TEXT)
    axis.set_title(f"{model['file']}  ({model['runtime']})", loc="left", fontsize=10, color=INK)
    axis.set_ylabel("keys", color=INK)
    axis.yaxis.set_major_locator(MaxNLocator(4, integer=True, steps=[1, 2, 5, 10]))


def tidy(axis):
    axis.grid(axis="y", color=FAINT, zorder=0)
    axis.tick_params(colors=INK, length=0)
    for side in ("top", "right", "left"):
        axis.spines[side].set_visible(False)


def draw(models, keys, path):
    figure, axes = plt.subplots(len(models), 1, sharex=True, figsize=(8.6, 2.1 * len(models) + 1.1), squeeze=False)
    for axis, model in zip(axes[:, 0], models):
        panel(axis, model, keys)
        tidy(axis)
    last = axes[-1, 0]
    last.set_xlim(0, 100)
    last.set_xticks(range(0, 101, 10))
    last.set_xlabel(f"accuracy on {models[0]['images']:,} test images, %   (dashed: ten classes by chance)", color=INK)
    figure.suptitle("A locked model under wrong keys", x=0.02, ha="left", fontsize=13, fontweight="bold", color=INK)
    figure.tight_layout()
    figure.savefig(path, dpi=150, metadata={"Software": None})
    plt.close(figure)
