// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "formats/onnx_structure.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include "formats/onnx_external.hpp"
#include "formats/onnx_graph.hpp"
#include "formats/onnx_uses.hpp"

namespace nnlock::formats::onnx {

namespace {

bool is_wide_integer(Dtype dtype) {
  return dtype == Dtype::i32 || dtype == Dtype::i64 || dtype == Dtype::u32 || dtype == Dtype::u64;
}

// Why a tensor stays readable, or an empty string for a parameter.
std::string reason_to_stay(const Model& model, const Tensor& tensor, const std::vector<ValueUse>& uses) {
  if (tensor.elements == 0) return "has no elements";
  if (tensor.role == Role::indices) return "indices of a sparse tensor";
  if (tensor.dtype == Dtype::boolean || tensor.dtype == Dtype::string) return "no numbers";
  if (tensor.role == Role::attribute_scalar) return "a single number in an attribute";
  ValueUse use;
  if (tensor.value != kNone) use = uses[tensor.value];
  if (tensor.role == Role::attribute && tensor.node != kNone) {
    const Node& node = model.nodes[tensor.node];
    if (attribute_operand(node.domain, node.op_type, tensor.attribute).use == Use::plain)
      return std::string(tensor.attribute) + " of " + std::string(node.op_type);
  }
  if (!use.op_type.empty())
    return (use.indirect ? "gives the " : "") + std::string(use.what) + " of " + std::string(use.op_type);
  if (is_wide_integer(tensor.dtype) && (use.uses == 0 || use.weight_uses != use.uses))
    return "wide integers that are not known to be weights";
  return {};
}

// A tensor with all that is said of it.
struct Judged {
  Tensor* tensor = nullptr;
  std::string name, reason;  // the reason why it stays readable; empty for parameters and unlockable tensors
  bool merged = false;       // into another one
};

// Tensors may share the values of a data file, whole: then they are one, and readable if one of them must be. Any other overlap is refused.
Result<void> merge_shared(std::vector<Judged>& all) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < all.size(); ++i)
    if (all[i].tensor->file > 0 && all[i].tensor->length > 0) order.push_back(i);
  const auto place = [&](std::size_t i) {
    const Tensor& tensor = *all[i].tensor;
    return std::tuple(tensor.file, tensor.offset, tensor.length, i);
  };
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return place(a) < place(b); });
  Judged* last = nullptr;
  for (const std::size_t i : order) {
    Judged& next = all[i];
    const bool meets = last != nullptr && last->tensor->file == next.tensor->file &&
                       next.tensor->offset < last->tensor->offset + last->tensor->length;
    if (!meets) {
      last = &next;
      continue;
    }
    if (last->tensor->offset != next.tensor->offset || last->tensor->length != next.tensor->length)
      return at_tensor(*next.tensor, "the values overlap those of " + last->name.substr(0, 256));
    last->name += ", " + next.name;
    if (last->reason.empty()) last->reason = std::move(next.reason);
    if (last->tensor->dtype != next.tensor->dtype) last->tensor->dtype = Dtype::opaque;
    next.merged = true;
  }
  return {};
}

Constant constant_of(Judged&& item, std::string why) {
  Tensor& tensor = *item.tensor;
  return {.name = std::move(item.name),
          .dtype = tensor.dtype,
          .shape = std::move(tensor.shape),
          .offset = tensor.offset,
          .length = tensor.length,
          .reason = std::move(why),
          .file = tensor.file};
}

Structure sorted_out(std::vector<Judged> all) {
  Structure out;
  for (Judged& item : all) {
    Tensor& tensor = *item.tensor;
    if (item.merged) continue;
    if (!item.reason.empty())
      out.constants.push_back(constant_of(std::move(item), std::move(item.reason)));
    else if (!tensor.unlockable.empty())
      out.unlockable.push_back(constant_of(std::move(item), std::move(tensor.unlockable)));
    else
      out.params.push_back({.name = std::move(item.name),
                            .dtype = tensor.dtype,
                            .shape = std::move(tensor.shape),
                            .offset = tensor.offset,
                            .length = tensor.length,
                            .file = tensor.file});
  }
  const auto by_place = [](const auto& a, const auto& b) { return std::pair(a.file, a.offset) < std::pair(b.file, b.offset); };
  std::sort(out.params.begin(), out.params.end(), by_place);
  std::stable_sort(out.constants.begin(), out.constants.end(), by_place);
  std::stable_sort(out.unlockable.begin(), out.unlockable.end(), by_place);
  return out;
}

Result<Model> read_whole_model(std::span<const std::byte> image) {
  auto model = read_model(image);
  if (!model) return model;
  if (auto numbered = number_files(*model); !numbered) return numbered.error();
  return model;
}

}  // namespace

Result<std::vector<std::string>> data_files(std::span<const std::byte> image, std::string_view main_name) {
  const auto model = read_whole_model(image);
  if (!model) return model.error();
  for (const Tensor& tensor : model->tensors)
    if (!tensor.location.empty() && tensor.location == main_name)
      return at_tensor(tensor, "the values of this tensor lie in the model's own file");
  return std::vector<std::string>(model->files.begin(), model->files.end());
}

Result<Structure> structure_of(Files files) {
  auto model = read_whole_model(files.front());
  if (!model) return model.error();
  std::vector<std::uint64_t> sizes;
  for (const auto& file : files) sizes.push_back(file.size());
  if (auto checked = check_places(*model, sizes); !checked) return checked.error();
  const auto uses = resolve_uses(*model);
  if (!uses) return uses.error();
  auto names = display_names(*model);
  if (!names) return names.error();
  std::vector<Judged> all;
  all.reserve(model->tensors.size());
  for (std::size_t i = 0; i < model->tensors.size(); ++i)
    all.push_back({.tensor = &model->tensors[i],
                   .name = std::move((*names)[i]),
                   .reason = reason_to_stay(*model, model->tensors[i], *uses)});
  if (auto merged = merge_shared(all); !merged) return merged.error();
  return sorted_out(std::move(all));
}

}  // namespace nnlock::formats::onnx
