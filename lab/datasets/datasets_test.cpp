// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include <gtest/gtest.h>

#include "lab/datasets/cifar.hpp"
#include "lab/datasets/dataset.hpp"
#include "lab/datasets/idx.hpp"
#include "lab/failure.hpp"
#include "lab/testing.hpp"

namespace nnlock::lab {
namespace {

std::string what_of(const auto& call) {
  try {
    call();
  } catch (const Failure& failure) {
    return failure.what();
  }
  return "";
}

TEST(Idx, ReadsImagesAndLabels) {
  const auto images = parse_idx_images(idx_images(2, 3), "x");
  EXPECT_EQ(images.sizes(), (at::IntArrayRef{2, 1, 3, 3}));
  EXPECT_EQ(images[1][0][2][1].item<int>(), 16);
  EXPECT_EQ(parse_idx_labels(idx_labels({3, 9}), 10, "x")[1].item<int>(), 9);
}

TEST(Idx, RefusesDamage) {
  Bytes images = idx_images(2, 3);
  images.pop_back();
  EXPECT_EQ(what_of([&] { parse_idx_images(images, "x"); }), "x: shorter than its header says");
  images.resize(images.size() + 2);
  EXPECT_EQ(what_of([&] { parse_idx_images(images, "x"); }), "x: longer than its header says");
  images[3] = std::byte{1};
  EXPECT_EQ(what_of([&] { parse_idx_images(images, "x"); }), "x: not an IDX file of unsigned bytes in 3 dimensions");
  EXPECT_EQ(what_of([&] { parse_idx_images(Bytes(15), "x"); }), "x: shorter than an IDX header");
  for (std::size_t i = 4; i < 16; ++i) images[i] = std::byte{0xff};  // sizes whose product overflows
  images[3] = std::byte{3};
  EXPECT_EQ(what_of([&] { parse_idx_images(images, "x"); }), "x: shorter than its header says");
  EXPECT_EQ(what_of([&] { parse_idx_labels(idx_labels({10}), 10, "x"); }), "x: a label is not below 10");
}

TEST(Cifar, ReadsRowsAndRefusesOthers) {
  Bytes rows(2 * 3073);
  rows[3073] = std::byte{7};
  rows[3074] = std::byte{200};
  const CifarBatch batch = parse_cifar(rows, "x");
  EXPECT_EQ(batch.labels[1].item<int>(), 7);
  EXPECT_EQ(batch.images[1][0][0][0].item<int>(), 200);
  rows[0] = std::byte{10};
  EXPECT_EQ(what_of([&] { parse_cifar(rows, "x"); }), "x: a label is not below 10");
  rows.pop_back();
  EXPECT_EQ(what_of([&] { parse_cifar(rows, "x"); }), "x: not a whole number of rows of 3073 bytes");
}

TEST(Dataset, IsFoundInANamedFolderAndNotElsewhere) {
  const TemporaryFolder folder;
  EXPECT_THROW(load_dataset("mnist", folder.path()), Failure);
  write_stripes(folder.path() / "mnist", 40, 20);
  const Dataset dataset = load_dataset("mnist", folder.path());
  EXPECT_EQ(dataset.training.size(), 40);
  EXPECT_EQ(dataset.test.size(), 20);
  EXPECT_EQ(load_dataset("mnist", folder.path() / "mnist").test.size(), 20);
  EXPECT_THROW(load_dataset("svhn", folder.path()), Failure);
}

TEST(Dataset, ASubsetTakesTheFirstOfEachClass) {
  const Images images{torch::arange(40).to(torch::kFloat32).view({40, 1, 1, 1}), torch::arange(40).remainder(10)};
  const Images subset = balanced_subset(images, 2);
  EXPECT_EQ(subset.size(), 20);
  EXPECT_EQ(subset.pixels[3].item<float>(), 11);  // the second image of class 1
  EXPECT_THROW(balanced_subset(images, 5), Failure);
}

TEST(Dataset, ASmallShareIsPartOfALargerOne) {
  const Images images{torch::arange(40).to(torch::kFloat32).view({40, 1, 1, 1}), torch::arange(40).remainder(10)};
  const Images few = random_share(images, 20, 1), many = random_share(images, 30, 1), all = random_share(images, 100, 1);
  EXPECT_TRUE(torch::equal(few.pixels, many.pixels.slice(0, 0, 20)));
  EXPECT_TRUE(torch::equal(torch::bincount(few.labels), torch::full({10}, 2, torch::kInt64)));
  EXPECT_EQ(all.size(), 40);
  EXPECT_FALSE(torch::equal(few.pixels, random_share(images, 20, 2).pixels));
}

TEST(Files, ADamagedArchiveIsRefused) {
  const TemporaryFolder folder;
  write_file(folder.path() / "a.xz", bytes_of("no archive"));
  EXPECT_THROW(read_file(folder.path() / "a"), Failure);
  EXPECT_THROW(read_file(folder.path() / "b"), Failure);
}

}  // namespace
}  // namespace nnlock::lab
