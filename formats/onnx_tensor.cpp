// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// TensorProto: which bytes hold the values, and whether they are a single run of fixed-width numbers.
// Rules as in onnx/onnx, onnx/onnx.proto, comments of TensorProto.

#include <algorithm>
#include <array>
#include <limits>

#include "formats/onnx_external.hpp"
#include "formats/onnx_graph.hpp"

namespace nnlock::formats::onnx {

namespace {

constexpr std::uint64_t kMaxElements = std::uint64_t{1} << 56;  // in data files; 2^63 bits of the widest type

struct TypeFacts {
  Dtype dtype;
  std::uint8_t bits;         // of one element in raw_data; 0: never in raw_data
  std::uint8_t typed_field;  // the other field that may hold the values
};

// Indexed by TensorProto.DataType.
constexpr std::array<TypeFacts, last_data_type + 1> kTypes = {{
    {Dtype::opaque, 0, 0},
    {Dtype::f32, 32, tensor::float_data},
    {Dtype::u8, 8, tensor::int32_data},
    {Dtype::i8, 8, tensor::int32_data},
    {Dtype::u16, 16, tensor::int32_data},
    {Dtype::i16, 16, tensor::int32_data},
    {Dtype::i32, 32, tensor::int32_data},
    {Dtype::i64, 64, tensor::int64_data},
    {Dtype::string, 0, tensor::string_data},
    {Dtype::boolean, 8, tensor::int32_data},
    {Dtype::f16, 16, tensor::int32_data},
    {Dtype::f64, 64, tensor::double_data},
    {Dtype::u32, 32, tensor::uint64_data},
    {Dtype::u64, 64, tensor::uint64_data},
    {Dtype::complex64, 64, tensor::float_data},
    {Dtype::complex128, 128, tensor::double_data},
    {Dtype::bf16, 16, tensor::int32_data},
    {Dtype::f8, 8, tensor::int32_data},
    {Dtype::f8, 8, tensor::int32_data},
    {Dtype::f8, 8, tensor::int32_data},
    {Dtype::f8, 8, tensor::int32_data},
    {Dtype::u4, 4, tensor::int32_data},
    {Dtype::i4, 4, tensor::int32_data},
    {Dtype::opaque, 4, tensor::int32_data},  // float4e2m1
    {Dtype::f8, 8, tensor::int32_data},
    {Dtype::opaque, 2, tensor::int32_data},  // uint2
    {Dtype::opaque, 2, tensor::int32_data},  // int2
    {Dtype::opaque, 6, tensor::int32_data},  // float6e2m3
    {Dtype::opaque, 6, tensor::int32_data},  // float6e3m2
}};

const char* field_name(std::uint32_t number) {
  switch (number) {
    case tensor::float_data:
      return "float_data";
    case tensor::int32_data:
      return "int32_data";
    case tensor::string_data:
      return "string_data";
    case tensor::int64_data:
      return "int64_data";
    case tensor::raw_data:
      return "raw_data";
    case tensor::double_data:
      return "double_data";
    case tensor::uint64_data:
      return "uint64_data";
    case tensor::external_data:
      return "external_data";
    default:
      return "values";
  }
}

bool is_value_field(std::uint32_t number) {
  return (number >= tensor::float_data && number <= tensor::int64_data) ||
         (number >= tensor::raw_data && number <= tensor::uint64_data) || number == tensor::external_data;
}

// The wire type of one unpacked value; raw_data and strings have no other form than bytes.
WireType unpacked_type(std::uint32_t number) {
  switch (number) {
    case tensor::float_data:
      return WireType::fixed32;
    case tensor::double_data:
      return WireType::fixed64;
    case tensor::int32_data:
    case tensor::int64_data:
    case tensor::uint64_data:
      return WireType::varint;
    default:
      return WireType::bytes;
  }
}

// Collects one TensorProto, then judges it as a whole, since fields come in any order.
class TensorReader {
 public:
  TensorReader(std::span<const std::byte> image, const Field& field) : image_(image), field_(field) { tensor_.at = field.start; }

  Result<Tensor> read() {
    FieldReader reader(image_, field_.offset, field_.length, tensor::once);
    for (;;) {
      auto next = reader.next();
      if (!next) return named(next.error());
      if (!*next) break;
      if (auto ok = take(**next); !ok) return named(ok.error());
    }
    if (auto ok = judge(); !ok) return named(ok.error());
    return std::move(tensor_);
  }

 private:
  Result<void> take(const Field& field) {
    if (is_value_field(field.number)) return take_values(field);
    switch (field.number) {
      case tensor::dims:
        return take_dims(field);
      case tensor::name:
        tensor_.name = text(image_, field);
        return require(field, WireType::bytes);
      case tensor::data_type:
        data_type_ = field.value;
        return require(field, WireType::varint);
      case tensor::data_location:
        location_ = field.value;
        return require(field, WireType::varint);
      case tensor::segment:
        return Error{.code = ErrorCode::unsupported,
                     .message = "tensors in segments are not supported",
                     .offset = field.start};
      default:
        return {};
    }
  }

  Result<void> take_values(const Field& field) {
    const WireType unpacked = unpacked_type(field.number);
    if (field.type != unpacked)
      if (auto ok = require(field, WireType::bytes); !ok) return ok;
    if (values_field_ != 0 && values_field_ != field.number)
      return bad_model(std::string("a tensor has values in ") + field_name(values_field_) + " and in " +
                           field_name(field.number),
                       field.start);
    if (values_field_ == 0) tensor_.offset = field.offset;
    values_field_ = field.number;
    if (field.number == tensor::external_data) return external_.take(image_, field);
    tensor_.length += field.length;
    ++runs_;
    packed_ = packed_ && field.type == WireType::bytes;
    return {};
  }

  Result<void> take_dims(const Field& field) {
    if (field.type == WireType::varint) return add_dim(field.value, field.offset);
    if (auto ok = require(field, WireType::bytes); !ok) return ok;
    google::protobuf::io::CodedInputStream packed(
        reinterpret_cast<const std::uint8_t*>(image_.data()) + field.offset, static_cast<int>(field.length));
    while (static_cast<std::uint64_t>(packed.CurrentPosition()) < field.length) {
      std::uint64_t value = 0;
      if (!packed.ReadVarint64(&value))
        return bad_model("the dimensions of a tensor are cut off", field.offset);
      if (auto ok = add_dim(value, field.offset); !ok) return ok;
    }
    return {};
  }

  Result<void> add_dim(std::uint64_t value, std::uint64_t offset) {
    if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
      return bad_model("a tensor has a negative dimension", offset);
    if (tensor_.shape.size() >= kMaxRank) return bad_model("a tensor has more than 255 dimensions", offset);
    tensor_.shape.push_back(value);
    return {};
  }

  Result<void> judge() {
    const bool external = values_field_ == tensor::external_data;
    if (location_ > tensor::location_external || external != (location_ == tensor::location_external))
      return bad_model("it is unclear whether a tensor keeps its values in this file", field_.start);
    if (data_type_ == 0) return bad_model("a tensor has no data type", field_.start);
    if (data_type_ > last_data_type)
      return Error{.code = ErrorCode::unsupported,
                   .message = "a tensor has the unknown data type " + std::to_string(data_type_),
                   .hint = "use a newer nnlock",
                   .offset = field_.start};
    const TypeFacts& facts = kTypes[static_cast<std::size_t>(data_type_)];
    tensor_.dtype = facts.dtype;
    if (auto ok = count_elements(); !ok) return ok;
    if (values_field_ == 0 && tensor_.elements > 0) return bad_model("a tensor has no values", field_.start);
    const bool as_in_memory = external || values_field_ == tensor::raw_data;
    if (values_field_ != 0 && values_field_ != facts.typed_field && (!as_in_memory || facts.bits == 0))
      return bad_model(std::string("values of data type ") + std::to_string(data_type_) +
                           " cannot stand in " + field_name(values_field_),
                       tensor_.offset);
    return external ? judge_external(facts) : judge_length(facts);
  }

  Result<void> judge_external(const TypeFacts& facts) {
    if (external_.location.empty()) return bad_model("external_data names no file", field_.start);
    tensor_.location = external_.location;
    tensor_.offset = external_.offset;
    tensor_.length = byte_count(facts);
    if (external_.length && *external_.length != tensor_.length)
      return bad_model("a tensor needs " + std::to_string(tensor_.length) + " bytes but has " +
                           std::to_string(*external_.length) + " in external_data",
                       field_.start);
    return {};
  }

  // What the values take in raw_data and in data files.
  std::uint64_t byte_count(const TypeFacts& facts) const { return (tensor_.elements * facts.bits + 7) / 8; }

  Result<void> count_elements() {
    const std::uint64_t limit = values_field_ == tensor::external_data ? kMaxElements : kMaxFile * 8;
    tensor_.elements =
        std::find(tensor_.shape.begin(), tensor_.shape.end(), 0U) != tensor_.shape.end() ? 0 : 1;
    for (const std::uint64_t dim : tensor_.shape) {
      if (tensor_.elements != 0 && dim > limit / tensor_.elements)
        return bad_model("a tensor has more elements than its file can hold", field_.start);
      tensor_.elements *= dim;
    }
    return {};
  }

  Result<void> judge_length(const TypeFacts& facts) {
    const std::string name = field_name(values_field_);
    const WireType unpacked = unpacked_type(values_field_);
    if (unpacked == WireType::varint) tensor_.unlockable = name + " holds numbers of changing length";
    if (unpacked == WireType::varint || facts.bits == 0) return {};
    const std::uint64_t expected = byte_count(facts);
    if (tensor_.length != expected)
      return bad_model("a tensor needs " + std::to_string(expected) + " bytes but has " +
                           std::to_string(tensor_.length) + " in " + name,
                       tensor_.offset);
    if (!packed_)
      tensor_.unlockable = name + " has a tag before every value";
    else if (runs_ > 1)
      tensor_.unlockable = name + " is split into " + std::to_string(runs_) + " runs";
    return {};
  }

  Error named(Error error) const {
    error.tensor = std::string(tensor_.name.substr(0, 256));
    return error;
  }

  std::span<const std::byte> image_;
  Field field_;
  Tensor tensor_;
  std::uint64_t data_type_ = 0, location_ = 0;
  std::uint32_t values_field_ = 0;
  std::uint64_t runs_ = 0;
  bool packed_ = true;
  ExternalEntries external_;
};

}  // namespace

Result<Tensor> read_tensor(std::span<const std::byte> image, const Field& field) {
  return TensorReader(image, field).read();
}

void add_floats(Tensor& tensor, const Field& field) {
  if (tensor.length == 0) tensor.offset = field.offset;
  if (field.type != WireType::bytes)
    tensor.unlockable = "floats has a tag before every value";
  else if (tensor.length != 0)
    tensor.unlockable = "floats is split into several runs";
  tensor.length += field.length;
}

}  // namespace nnlock::formats::onnx
