// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// What the PyTorch codec finds in archives, and what it makes of element types, of pickles and of CRC fields.

#include "formats/pytorch_testing.hpp"

#include <map>

namespace nnlock::formats {
namespace {

using Kind = DerivedField::Kind;

std::string state_of(const std::vector<std::pair<std::string, std::string>>& items) {
  std::string text = malformed::ordered_dict() + "(";
  for (const auto& [key, object] : items) text += malformed::unicode(key) + object;
  return malformed::whole_pickle(text + "u");
}

Structure parsed(const Bytes& file) {
  auto structure = codec().parse(file);
  EXPECT_TRUE(structure) << structure.error().message << " " << structure.error().tensor;
  return structure ? *std::move(structure) : Structure();
}

TEST(Pytorch, SortsTheGoodArchive) {
  for (const ZipStyle style : {ZipStyle::torch, ZipStyle::plain}) {
    const ZipText text = zip_text(malformed::entries_with_constants(), style);
    const auto structure = parsed(pytorch_file(text));
    ASSERT_EQ(structure.params.size(), 3u);
    EXPECT_EQ(structure.params[0].name, "net.weight");
    EXPECT_EQ(structure.params[0].dtype, Dtype::f32);
    EXPECT_EQ(structure.params[0].shape, (std::vector<std::uint64_t>{2, 3}));
    EXPECT_EQ(structure.params[0].offset, text.data[2]);
    EXPECT_EQ(structure.params[0].length, 24u);
    EXPECT_EQ(structure.params[1].name, "net.bias");
    EXPECT_EQ(structure.params[1].dtype, Dtype::bf16);
    EXPECT_EQ(structure.params[2].name, "constants/0");
    EXPECT_EQ(structure.params[2].offset, text.data[10]);
    ASSERT_EQ(structure.constants.size(), 3u);
    EXPECT_EQ(structure.constants[0].name, "steps");
    EXPECT_EQ(structure.constants[0].reason, "64-bit integers are counters or indices");
    EXPECT_EQ(structure.constants[1].reason, "booleans are masks");
    EXPECT_EQ(structure.constants[2].reason, "it has no elements");
    EXPECT_TRUE(structure.unlockable.empty());
    EXPECT_EQ(broken_promise(codec(), {pytorch_file(text)}, record_of(96)), "");
  }
}

TEST(Pytorch, NamesEveryChecksumOfAParameter) {
  for (const ZipStyle style : {ZipStyle::torch, ZipStyle::plain}) {
    const ZipText text = zip_text(good_entries(), style);
    const Bytes file = pytorch_file(text);
    const auto structure = parsed(file);
    ASSERT_EQ(structure.derived.size(), 2 * structure.params.size());
    std::map<std::uint64_t, Kind> kinds;
    for (const DerivedField& field : structure.derived) {
      kinds[field.offset] = field.kind;
      const auto crc = crc32(0, reinterpret_cast<const Bytef*>(file.data()) + field.span_offset, static_cast<uInt>(field.span_length));
      EXPECT_EQ(text.bytes.substr(field.offset, 4), malformed::little(crc, 4));
    }
    for (const std::size_t entry : {2u, 3u}) {
      EXPECT_EQ(kinds[text.central[entry] + 16], Kind::crc32_central);
      const bool described = style == ZipStyle::torch;
      EXPECT_EQ(kinds[described ? text.descriptor[entry] + 4 : text.local[entry] + 14], described ? Kind::crc32_descriptor : Kind::crc32_local);
    }
  }
}

TEST(Pytorch, EveryStorageClassHasItsSizeAndItsPlace) {
  const std::map<std::string, std::tuple<Dtype, std::uint64_t, bool>> types = {  // bytes of an element, parameter
      {"FloatStorage", {Dtype::f32, 4, true}},      {"DoubleStorage", {Dtype::f64, 8, true}},
      {"HalfStorage", {Dtype::f16, 2, true}},       {"BFloat16Storage", {Dtype::bf16, 2, true}},
      {"ComplexFloatStorage", {Dtype::complex64, 8, true}}, {"ComplexDoubleStorage", {Dtype::complex128, 16, true}},
      {"LongStorage", {Dtype::i64, 8, false}},      {"IntStorage", {Dtype::i32, 4, true}},
      {"ShortStorage", {Dtype::i16, 2, true}},      {"CharStorage", {Dtype::i8, 1, true}},
      {"ByteStorage", {Dtype::u8, 1, true}},        {"BoolStorage", {Dtype::boolean, 1, false}},
      {"QInt8Storage", {Dtype::opaque, 1, true}},   {"QUInt8Storage", {Dtype::opaque, 1, true}},
      {"QInt32Storage", {Dtype::opaque, 4, true}},  {"UntypedStorage", {Dtype::opaque, 1, true}}};
  for (const auto& [word, expected] : types) {
    SCOPED_TRACE(word);
    const auto& [dtype, bytes, is_parameter] = expected;
    const auto pickle = state_of({{"t", malformed::tensor({word, "0", 4, {4}, {1}})}});
    const auto structure = parsed(archive_of({{"m/data.pkl", pickle}, {"m/data/0", std::string(4 * bytes, 'x')}}));
    ASSERT_EQ(structure.params.size(), is_parameter ? 1u : 0u);
    ASSERT_EQ(structure.constants.size(), is_parameter ? 0u : 1u);
    EXPECT_EQ(is_parameter ? structure.params[0].dtype : structure.constants[0].dtype, dtype);
    EXPECT_FALSE(codec().parse(archive_of({{"m/data.pkl", pickle}, {"m/data/0", std::string(4 * bytes + 1, 'x')}})));
  }
}

TEST(Pytorch, TensorsOnUntypedStoragesBringTheirType) {
  const std::map<std::string, Dtype> types = {{"float8_e4m3fn", Dtype::f8}, {"uint16", Dtype::u16}, {"uint64", Dtype::u64}, {"bits8", Dtype::opaque}};
  for (const auto& [word, dtype] : types) {
    const auto tensor = malformed::class_of("torch._utils", "_rebuild_tensor_v3") + "(" + malformed::storage("UntypedStorage", "0", 8) +
                        malformed::integer(0) + malformed::sizes({1}) + malformed::sizes({1}) + "\x89" + malformed::ordered_dict() +
                        malformed::class_of("torch", word) + "NtR";
    const auto structure = parsed(archive_of({{"m/data.pkl", state_of({{"t", tensor}})}, {"m/data/0", std::string(8, 'x')}}));
    ASSERT_EQ(structure.params.size() + structure.constants.size(), 1u) << word;
    EXPECT_EQ(structure.params.empty() ? structure.constants[0].dtype : structure.params[0].dtype, dtype) << word;
    EXPECT_EQ(structure.params.empty(), dtype == Dtype::u64);
  }
}

// Loading reads these, and would fail on scrambled ones.
TEST(Pytorch, ScalesAndIndicesStayReadable) {
  const auto scales = malformed::tensor({"DoubleStorage", "1", 2, {2}, {1}}), points = malformed::tensor({"LongStorage", "2", 2, {2}, {1}});
  const auto quantised = malformed::class_of("torch._utils", "_rebuild_qtensor") + "(" + malformed::storage("QInt8Storage", "0", 4) +
                         malformed::integer(0) + malformed::sizes({2, 2}) + malformed::sizes({2, 1}) + "(" +
                         malformed::class_of("torch", "per_channel_affine") + scales + points + malformed::integer(0) + "t\x89" +
                         malformed::ordered_dict() + "tR";
  const auto sparse = malformed::class_of("torch._utils", "_rebuild_sparse_csr_tensor") + "(N(" + malformed::tensor({"IntStorage", "3", 2, {2}, {1}}) +
                      malformed::tensor({"FloatStorage", "4", 2, {2}, {1}}) + "ttR";
  const auto structure = parsed(archive_of({{"m/data.pkl", state_of({{"q", quantised}, {"s", sparse}})},
                                            {"m/data/0", "0123"},
                                            {"m/data/1", std::string(16, '1')},
                                            {"m/data/2", std::string(16, '2')},
                                            {"m/data/3", std::string(8, '3')},
                                            {"m/data/4", std::string(8, '4')}}));
  ASSERT_EQ(structure.params.size(), 2u);
  EXPECT_EQ(structure.params[0].name, "q");
  EXPECT_EQ(structure.params[1].name, "s.1.1");
  ASSERT_EQ(structure.constants.size(), 3u);
  EXPECT_EQ(structure.constants[0].reason, "scales or zero points of quantisation");
  EXPECT_EQ(structure.constants[1].reason, "scales or zero points of quantisation");
  EXPECT_EQ(structure.constants[2].reason, "indices of a sparse tensor");
}

TEST(Pytorch, DeflatedStoragesAreUnlockableAndDeflatedPicklesAreRead) {
  auto entries = good_entries();
  for (ZipEntry& entry : entries) entry.deflate = !entry.data.empty();
  const auto structure = parsed(archive_of(entries));
  EXPECT_TRUE(structure.params.empty());
  EXPECT_TRUE(structure.derived.empty());
  ASSERT_EQ(structure.unlockable.size(), 2u);
  EXPECT_EQ(structure.unlockable[0].name, "net.weight");
  EXPECT_NE(structure.unlockable[0].reason.find("torch.save()"), std::string::npos);
}

TEST(Pytorch, TensorsOnOneStorageAreOneParameter) {
  const malformed::PickledTensor half{"FloatStorage", "0", 4, {2}, {1}, 2};
  const auto pickle = state_of({{"low", malformed::tensor(half)}, {"high", malformed::tensor(half)}});
  const auto structure = parsed(archive_of({{"m/data.pkl", pickle}, {"m/data/0", std::string(16, 'x')}}));
  ASSERT_EQ(structure.params.size(), 1u);
  EXPECT_EQ(structure.params[0].name, "low, high");
  EXPECT_EQ(structure.params[0].shape, std::vector<std::uint64_t>{4});
}

TEST(Pytorch, StoragesThatNoPickleNamesAreLockedAsBytes) {
  const auto structure = parsed(archive_of(malformed::and_entry({"model/data/9", "12345"})));
  ASSERT_EQ(structure.params.size(), 3u);
  EXPECT_EQ(structure.params[2].name, "data/9");
  EXPECT_EQ(structure.params[2].dtype, Dtype::opaque);
}

TEST(Pytorch, RecognisesZipsAndWhatPyTorchSavedBefore) {
  const auto recognises = [](std::string_view text) { return codec().recognises(bytes_of(text), text.size()); };
  EXPECT_TRUE(recognises(zip_text(good_entries()).bytes));
  EXPECT_TRUE(recognises("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."));
  EXPECT_TRUE(recognises(std::string_view("\x80\x04\x95\x0d\0\0\0\0\0\0\0\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.", 24)));
  EXPECT_FALSE(recognises("\x80\x02}q."));
  EXPECT_FALSE(recognises("PK\5\6"));
  EXPECT_FALSE(recognises(""));
}

TEST(Pytorch, EveryTruncationIsRefused) {
  const auto whole = archive_of(good_entries());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    const auto structure = codec().parse(cut);
    ASSERT_FALSE(structure) << size;
    EXPECT_EQ(structure.error().code, ErrorCode::bad_model);
  }
}

}  // namespace
}  // namespace nnlock::formats
