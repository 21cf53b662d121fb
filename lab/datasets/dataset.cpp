// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lab/datasets/dataset.hpp"

#include <algorithm>
#include <cstdlib>

#include "lab/datasets/cifar.hpp"
#include "lab/datasets/idx.hpp"
#include "lab/failure.hpp"
#include "lab/random.hpp"

namespace nnlock::lab {
namespace {

struct Source {
  const char* name;
  const char* folder;
  const char* first_file;           // by which a folder is known
  std::vector<double> mean, deviation;  // of pixels in 0 to 1, for each channel
};

// CIFAR-10 is normalised as for the public checkpoints of targets/checkpoint.hpp.
const std::vector<Source>& sources() {
  static const std::vector<Source> all = {
      {"fashion", "fashion-mnist", "train-images-idx3-ubyte", {0.2860}, {0.3530}},
      {"mnist", "mnist", "train-images-idx3-ubyte", {0.1307}, {0.3081}},
      {"cifar10", "cifar10", "test_batch.bin", {0.485, 0.456, 0.406}, {0.229, 0.224, 0.225}},
  };
  return all;
}

// The Debian package dataset-fashion-mnist, the folder that tests on real models use, and its usual place beside the repository.
std::vector<Path> usual_places() {
  std::vector<Path> places = {"/usr/share/datasets"};
  if (const char* data = std::getenv("NNLOCK_DATA_DIR"); data != nullptr && *data != '\0') places.push_back(Path(data) / "datasets");
  places.push_back(Path(NNLOCK_SOURCE_ROOT).parent_path() / "shared/data/datasets");
  return places;
}

Path find_folder(const Source& source, const Path& named) {
  const std::vector<Path> places = named.empty() ? usual_places() : std::vector<Path>{named};
  for (const Path& place : places)
    for (const Path& folder : {place / source.folder, place})
      if (readable(folder / source.first_file)) return folder;
  const std::string where = named.empty() ? "in the usual places" : "in " + named.string();
  throw Failure(std::string(source.name) + ": no dataset " + where + " (looked for " + source.folder + "/" + source.first_file + ")",
                source.name == std::string("fashion") ? "install the package dataset-fashion-mnist, or name its folder with --data"
                                                      : "name its folder with --data");
}

Images normalised(const torch::Tensor& pixels, torch::Tensor labels, const Source& source, const Path& folder) {
  if (pixels.size(0) != labels.size(0)) throw Failure(folder.string() + ": not as many labels as images", "get the files again");
  const auto per_channel = [](const std::vector<double>& values) {
    return torch::tensor(values, torch::kFloat64).to(torch::kFloat32).view({1, -1, 1, 1});
  };
  return {pixels.to(torch::kFloat32).div_(255).sub_(per_channel(source.mean)).div_(per_channel(source.deviation)), std::move(labels)};
}

Images read_idx(const Source& source, const Path& folder, const std::string& part) {
  const Path images = folder / (part + "-images-idx3-ubyte"), labels = folder / (part + "-labels-idx1-ubyte");
  return normalised(parse_idx_images(read_file(images), images.string()), parse_idx_labels(read_file(labels), kClasses, labels.string()), source,
                    folder);
}

Dataset read_cifar(const Source& source, const Path& folder) {
  std::vector<torch::Tensor> images, labels;
  for (int i = 1; i <= 5; ++i) {
    const Path path = folder / ("data_batch_" + std::to_string(i) + ".bin");
    if (!readable(path)) continue;
    const CifarBatch batch = parse_cifar(read_file(path), path.string());
    images.push_back(batch.images);
    labels.push_back(batch.labels);
  }
  if (images.empty()) throw Failure(folder.string() + ": no training batch (data_batch_1.bin to data_batch_5.bin)", "get at least one");
  const CifarBatch test = parse_cifar(read_file(folder / "test_batch.bin"), (folder / "test_batch.bin").string());
  return {source.name, normalised(torch::cat(images), torch::cat(labels), source, folder), normalised(test.images, test.labels, source, folder),
          static_cast<double>(images.size()) / 5};
}

// Indexes of the images of each class, in order.
std::vector<std::vector<std::int64_t>> by_class(const Images& images) {
  std::vector<std::vector<std::int64_t>> found(kClasses);
  const auto labels = images.labels.contiguous();
  const auto* label = labels.data_ptr<std::int64_t>();
  for (std::int64_t i = 0; i < images.size(); ++i) found[static_cast<std::size_t>(label[i])].push_back(i);
  return found;
}

Images chosen(const Images& images, std::vector<std::int64_t> indexes) {
  const auto index = torch::tensor(indexes, torch::kInt64);
  return {images.pixels.index_select(0, index), images.labels.index_select(0, index)};
}

}  // namespace

std::vector<std::string> dataset_names() {
  std::vector<std::string> names;
  for (const Source& source : sources()) names.push_back(source.name);
  return names;
}

Dataset load_dataset(const std::string& name, const Path& folder) {
  for (const Source& source : sources()) {
    if (name != source.name) continue;
    const Path found = find_folder(source, folder);
    if (name == "cifar10") return read_cifar(source, found);
    return {name, read_idx(source, found, "train"), read_idx(source, found, "t10k"), 1};
  }
  throw Failure("no dataset is called " + name, "see nnlock-lab list");
}

Images balanced_subset(const Images& images, std::int64_t per_class) {
  std::vector<std::int64_t> indexes;
  for (const auto& members : by_class(images)) {
    if (static_cast<std::int64_t>(members.size()) < per_class)
      throw Failure("a class has fewer than " + std::to_string(per_class) + " images", "use a larger test set");
    indexes.insert(indexes.end(), members.begin(), members.begin() + per_class);
  }
  return chosen(images, std::move(indexes));
}

Images random_share(const Images& images, std::int64_t count, std::uint64_t seed) {
  Random random(seed, "share");
  auto classes = by_class(images);
  for (auto& members : classes)
    for (std::size_t i = members.size(); i > 1; --i) std::swap(members[i - 1], members[random.below(i)]);
  std::vector<std::int64_t> indexes;  // one of each class in turn
  for (std::size_t round = 0; static_cast<std::int64_t>(indexes.size()) < std::min(count, images.size()); ++round)
    for (const auto& members : classes)
      if (round < members.size() && static_cast<std::int64_t>(indexes.size()) < count) indexes.push_back(members[round]);
  return chosen(images, std::move(indexes));
}

}  // namespace nnlock::lab
