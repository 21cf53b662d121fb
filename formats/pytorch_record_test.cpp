// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// How a PyTorch archive carries a record (spec/record-v1.md section 6, PyTorch).

#include "formats/pytorch_record.hpp"

#include <algorithm>

#include "formats/pytorch_testing.hpp"

namespace nnlock::formats {
namespace {

TEST(PytorchRecord, ComesBackFromBothStylesAndEverySize) {
  for (const ZipStyle style : {ZipStyle::torch, ZipStyle::plain}) {
    const auto plain = archive_of(good_entries(), style);
    for (std::size_t size = 0; size <= 300; size += 3) EXPECT_EQ(broken_promise(codec(), {plain}, record_of(size)), "");
    EXPECT_EQ(broken_promise(codec(), {plain}, record_of(1 << 20)), "");
  }
}

TEST(PytorchRecord, StandsWhereTheSpecificationSays) {
  const ZipText plain = zip_text(good_entries());
  const auto record = record_of(48);
  const auto edits = codec().embed(pytorch_file(plain), record);
  ASSERT_TRUE(edits) << edits.error().message;
  ASSERT_EQ(edits->size(), 2u);
  EXPECT_EQ((*edits)[0].offset, plain.directory);
  EXPECT_EQ((*edits)[1].offset, plain.end64);
  const std::string_view content(reinterpret_cast<const char*>(record.data()), record.size());
  const auto crc = malformed::little(crc32(0, reinterpret_cast<const Bytef*>(record.data()), 48), 4);
  using malformed::little;
  const std::string name = "model/extra/nnlock";
  const std::string common = little(0, 2) + little(0, 2) + little(0, 2) + little(0x21, 2) + crc + little(48, 4) + little(48, 4) + little(18, 2) + little(0, 2);
  const std::string local = "PK\3\4" + little(10, 2) + common + name + std::string(content);
  const std::string central = "PK\1\2" + little(10, 2) + little(10, 2) + common + little(0, 10) + little(plain.directory, 4) + name;
  const auto text_of = [](const Bytes& bytes) { return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()); };
  EXPECT_EQ(text_of((*edits)[0].stored), local);
  ZipText ends = plain;
  const std::size_t count = good_entries().size() + 1, length = plain.end64 - plain.directory + central.size();
  for (const std::size_t at : {24u, 32u}) ends.poke(plain.end64 + at, count, 8);
  ends.poke(plain.end64 + 40, length, 8);
  ends.poke(plain.end64 + 48, plain.directory + local.size(), 8);
  ends.poke(plain.locator + 8, plain.end64 + local.size() + central.size(), 8);
  for (const std::size_t at : {8u, 10u}) ends.poke(plain.end + at, count, 2);
  ends.poke(plain.end + 12, length, 4);
  ends.poke(plain.end + 16, plain.directory + local.size(), 4);
  EXPECT_EQ(text_of((*edits)[1].stored), central + ends.bytes.substr(plain.end64));
}

// Whatever find_record takes out of a changed file, embed puts back as it was: no second spelling is ever taken.
TEST(PytorchRecord, EveryOneByteChangeIsRefusedOrCanonical) {
  for (const ZipStyle style : {ZipStyle::torch, ZipStyle::plain}) {
    const auto plain = archive_of(good_entries(), style);
    const auto locked = put_in(plain, *codec().embed(plain, record_of(39)));
    for (std::size_t at = 0; at < locked.size(); ++at) {
      for (const unsigned value : {0x00u, 0x01u, 0x08u, 0x21u, 0x50u, 0xffu}) {
        auto changed = locked;
        changed[at] = static_cast<std::byte>(value);
        ASSERT_EQ(broken_promise(codec(), {changed}, record_of(39)), "") << "byte " << at << " as " << value;
      }
    }
  }
}

TEST(PytorchRecord, ChangesInsideTheRecordsEntryAreBadRecords) {
  const ZipText good = zip_text(good_entries());
  const auto plain = pytorch_file(good);
  const auto locked = put_in(plain, *codec().embed(plain, record_of(39)));
  const std::size_t local_end = good.directory + 30 + 18 + 39, central = local_end + good.end64 - good.directory;
  for (std::size_t at = good.directory; at < central + 46 + 18; ++at) {
    if (at >= local_end && at < central) continue;  // the directory of the model
    auto changed = locked;
    changed[at] ^= std::byte{0x04};
    const auto found = find(changed);
    ASSERT_TRUE(!found || !found->has_value()) << at;
    EXPECT_FALSE(found && codec().parse(changed)) << at;  // with another name the entry does not fit its local header
  }
}

TEST(PytorchRecord, OtherPlacesAreBadRecords) {
  const std::vector<ZipEntry> middle = [] {
    auto entries = malformed::and_entry({"model/extra/nnlock", "123"});
    std::swap(entries.back(), entries[1]);
    return entries;
  }();
  const std::vector<std::vector<ZipEntry>> all = {middle,
                                                  malformed::and_entry({"model/extra/nnlock", "123"}),
                                                  malformed::and_entry({"model/EXTRA/nnlock", "123"}),
                                                  malformed::and_entry({"model/extra/nnlock", std::string(99, '1'), true}),
                                                  {{"model/extra/nnlock", "123"}}};
  for (const auto& entries : all) {
    for (const ZipStyle style : {ZipStyle::torch, ZipStyle::plain}) {
      const auto found = find(archive_of(entries, style));
      ASSERT_FALSE(found);
      EXPECT_EQ(found.error().code, ErrorCode::bad_record) << found.error().message;
    }
  }
}

TEST(PytorchRecord, ALockedFileIsNoPlainFile) {
  const auto plain = archive_of(good_entries());
  const auto locked = put_in(plain, *codec().embed(plain, record_of(39)));
  ASSERT_FALSE(codec().parse(locked));
  EXPECT_EQ(codec().parse(locked).error().code, ErrorCode::already_locked);
  EXPECT_EQ(codec().embed(locked, record_of(39)).error().code, ErrorCode::already_locked);
}

TEST(PytorchRecord, RecordsBeyondTheLimitAreRefused) {
  const zip::Ends ends;
  const Bytes record;
  const std::span<const std::byte> huge(record.data(), static_cast<std::size_t>(codec().record_limit()) + 1);
  const auto edits = pytorch::insert_record(ends, "m/", huge);
  ASSERT_FALSE(edits);
  EXPECT_EQ(edits.error().code, ErrorCode::usage);
}

// A file of many gigabytes of zeros, of which only the last bytes are there.
class HugeFile final : public ByteSource {
 public:
  HugeFile(std::uint64_t zeros, Bytes tail) : zeros_(zeros), tail_(std::move(tail)) {}
  std::uint64_t size() const override { return zeros_ + tail_.size(); }
  Result<void> read(std::uint64_t offset, std::span<std::byte> out) const override {
    for (std::size_t i = 0; i < out.size(); ++i)
      out[i] = offset + i < zeros_ ? static_cast<std::byte>(offset + i < 4 ? std::string_view("PK\3\4")[static_cast<std::size_t>(offset + i)] : 0)
                                   : tail_[static_cast<std::size_t>(offset + i - zeros_)];
    return {};
  }

 private:
  std::uint64_t zeros_;
  Bytes tail_;
};

// The end of an archive of torch with one entry before 4 GiB and a directory behind them.
std::string wide_tail(std::uint64_t directory) {
  using malformed::little;
  const std::string name = "m/data.pkl";
  const std::string central = "PK\1\2" + little(0, 4) + little(0x808, 2) + little(0, 14) + little(0, 4) + little(name.size(), 2) + little(0, 12) + little(0, 4) + name;
  const std::uint64_t end = directory + central.size();
  return central + "PK\6\6" + little(44, 8) + little(0, 4) + little(0, 8) + little(1, 8) + little(1, 8) + little(central.size(), 8) + little(directory, 8) +
         "PK\6\7" + little(0, 4) + little(end, 8) + little(1, 4) + "PK\5\6" + little(0, 4) + little(1, 2) + little(1, 2) + little(central.size(), 4) +
         little(std::min<std::uint64_t>(directory, 0xffffffff), 4) + little(0, 2);
}

TEST(PytorchRecord, GoesBehindFourGibibytes) {
  const std::uint64_t directory = std::uint64_t{5} << 30;
  const auto tail = wide_tail(directory);
  const auto view = bytes_of(tail);
  const HugeFile plain(directory, Bytes(view.begin(), view.end()));
  const auto none = codec().find_record(plain);
  ASSERT_TRUE(none) << none.error().message;
  EXPECT_FALSE(none->has_value());
  const auto ends = zip::Ends::read(plain);
  ASSERT_TRUE(ends) << ends.error().message;
  const auto edits = pytorch::insert_record(*ends, "m/", record_of(96));
  ASSERT_TRUE(edits) << edits.error().message;
  Bytes stored = (*edits)[0].stored;
  stored.insert(stored.end(), view.begin(), view.begin() + 56);
  stored.insert(stored.end(), (*edits)[1].stored.begin(), (*edits)[1].stored.end());
  const auto found = codec().find_record(HugeFile(directory, stored));
  ASSERT_TRUE(found) << found.error().message;
  ASSERT_TRUE(found->has_value());
  EXPECT_EQ((*found)->record, record_of(96));
  EXPECT_EQ((*found)->edits, *edits);
}

TEST(PytorchRecord, FieldsThatWouldHaveToWidenAreRefused) {
  const std::uint64_t directory = (std::uint64_t{1} << 32) - 100;
  const auto tail = wide_tail(directory);
  const auto view = bytes_of(tail);
  const auto ends = zip::Ends::read(HugeFile(directory, Bytes(view.begin(), view.end())));
  ASSERT_TRUE(ends) << ends.error().message;
  const auto edits = pytorch::insert_record(*ends, "m/", record_of(96));
  ASSERT_FALSE(edits);
  EXPECT_EQ(edits.error().code, ErrorCode::unsupported);
  EXPECT_EQ(edits.error().hint, "keep the record in a sidecar");
}

}  // namespace
}  // namespace nnlock::formats
