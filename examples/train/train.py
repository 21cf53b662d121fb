# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""Makes everything under examples/models and examples/data.

Trains the network, writes the three files, measures them in the stock runtimes
and stops with an error where one falls short.
"""

import argparse
import os
from pathlib import Path

EXAMPLES = Path(__file__).resolve().parent.parent


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path,
                        help="folder with the four .gz files (default: ask dpkg)")
    parser.add_argument("--out", type=Path, default=EXAMPLES,
                        help="where models/ and data/ go (default: examples/)")
    parser.add_argument("--epochs", type=int, default=16)
    parser.add_argument("--seed", type=int, default=20260)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--weights", type=Path,
                        help="keep the trained weights in this .npz file, and read "
                             "them from there, without training, if it exists")
    return parser.parse_args()


def quiet_and_repeatable(threads):
    """Limits TensorFlow's threads and makes it repeatable; call this first."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ["CUDA_VISIBLE_DEVICES"] = ""
    import tensorflow as tf
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    tf.config.experimental.enable_op_determinism()


def get_weights(args, images, labels):
    """The folded weights: from the kept file, or freshly trained."""
    import numpy as np
    import network
    if args.weights and args.weights.exists():
        with np.load(args.weights) as kept:
            return dict(kept)
    model = network.train(images, labels, args.epochs, args.seed)
    weights = network.folded_weights(model)
    if args.weights:
        np.savez(args.weights, **weights)
    return weights


def write_models(folder, weights, calibration):
    """The three files, in the order in which they are listed."""
    import export_onnx
    import export_tflite
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / name for name in
             ("fashion_int8.tflite", "fashion_float32.onnx", "fashion_int8.onnx")]
    export_tflite.write(paths[0], weights, calibration)
    export_onnx.write_float(paths[1], weights)
    export_onnx.write_int8(paths[2], paths[1], calibration)
    return paths


def main():
    args = arguments()
    quiet_and_repeatable(args.threads)
    import fashion
    import measure
    folder = args.data or fashion.find_data()
    images, labels = fashion.read_split(folder, "train")
    test = fashion.read_split(folder, "t10k")
    fashion.write_subset(args.out / "data", *test)
    weights = get_weights(args, images, labels)
    calibration = images[:1000]
    paths = write_models(args.out / "models", weights, calibration)
    tests = {"test_10000": test, "subset_1000": fashion.read_subset(args.out / "data")}
    rows = [measure.measure(path, tests, args.threads) for path in paths]
    settings = {"epochs": args.epochs, "seed": args.seed,
                "calibration images": len(calibration)}
    measure.write_report(args.out / "models", rows, settings)


if __name__ == "__main__":
    main()
