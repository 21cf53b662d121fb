// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

// For tests: a tiny dataset in MNIST's format that a network learns in a second.
#pragma once

#include <string>
#include <vector>

#include "lab/datasets/dataset.hpp"
#include "lab/files.hpp"
#include "lab/random.hpp"

namespace nnlock::lab {

inline void put_be32(Bytes& bytes, std::size_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(static_cast<std::byte>(value >> shift));
}

// An IDX file of images; pixel i of the file is i modulo 256.
inline Bytes idx_images(std::size_t count, std::size_t side) {
  Bytes bytes;
  for (const std::size_t value : {std::size_t{0x803}, count, side, side}) put_be32(bytes, value);
  for (std::size_t i = 0; i < count * side * side; ++i) bytes.push_back(static_cast<std::byte>(i));
  return bytes;
}

inline Bytes idx_labels(const std::vector<std::uint8_t>& labels) {
  Bytes bytes;
  put_be32(bytes, 0x801);
  put_be32(bytes, labels.size());
  for (const std::uint8_t label : labels) bytes.push_back(static_cast<std::byte>(label));
  return bytes;
}

// Ten classes: class c is a bright stripe in rows 2c to 2c + 2 of a noisy 28 x 28 image.
inline void write_stripes(const Path& folder, std::size_t training, std::size_t test) {
  Random random(1, "stripes");
  const auto write_part = [&](const std::string& part, std::size_t count) {
    Bytes images = idx_images(count, 28);
    std::vector<std::uint8_t> labels;
    for (std::size_t i = 0; i < count; ++i) {
      labels.push_back(static_cast<std::uint8_t>(i % 10));
      for (std::size_t row = 0; row < 28; ++row)
        for (std::size_t column = 0; column < 28; ++column) {
          const bool bright = row / 2 == labels.back() && column > 3;
          images[16 + (i * 28 + row) * 28 + column] = static_cast<std::byte>(random.below(60) + (bright ? 150 : 0));
        }
    }
    write_file(folder / (part + "-images-idx3-ubyte"), images);
    write_file(folder / (part + "-labels-idx1-ubyte"), idx_labels(labels));
  };
  write_part("train", training);
  write_part("t10k", test);
}

// Stripes under so much noise that a few images of each class are too few to learn from, and 100 of each are enough.
inline Dataset noisy_stripes() {
  const TemporaryFolder folder;
  write_stripes(folder.path(), 2000, 500);
  Dataset dataset = load_dataset("mnist", folder.path());
  torch::manual_seed(1);
  for (Images* part : {&dataset.training, &dataset.test}) part->pixels += 2.5 * torch::randn_like(part->pixels);
  return dataset;
}

}  // namespace nnlock::lab
