// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Wrong PyTorch archives: one number of a right zip changed, entries that cannot be, pickles that describe what is not there.

#include "formats/malformed/matrix.hpp"
#include "formats/malformed/pytorch_writer.hpp"

namespace nnlock::formats::malformed {
namespace {

// Places in the records of a zip archive, from the record's start (APPNOTE 4.3).
namespace local {
constexpr std::size_t flags = 6, method = 8, crc = 14, packed = 18, size = 22, name = 30, name_length = 26, extra_length = 28;
}
namespace central {
constexpr std::size_t flags = 8, method = 10, packed = 20, size = 24, name_length = 28, extra_length = 30, comment_length = 32, disk = 34, offset = 42;
}
constexpr std::size_t kWeight = 2, kPickle = 0, kCode = 1;  // entries of the good archive

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const auto at = text.find(from);
  return at == std::string::npos ? "the writer found nothing to replace" : text.replace(at, from.size(), to);
}

class Builder {
 public:
  Builder() {
    matrix_.codec = &pytorch_codec();
    matrix_.good = {{"model.pt", pytorch_file(good_)}};
  }

  Matrix build() {
    add_ends();
    add_directory();
    add_local_headers();
    add_layout();
    add_names();
    add_archive();
    add_pickle_text();
    add_storages();
    return std::move(matrix_);
  }

 private:
  Case& add(const char* name, const ZipText& text, const char* message, const char* tensor = "", ErrorCode code = ErrorCode::bad_model) {
    matrix_.cases.push_back({.name = name, .files = {{"model.pt", pytorch_file(text)}}, .code = code, .message = message, .tensor = tensor});
    return matrix_.cases.back();
  }

  Case& add(const char* name, const std::vector<ZipEntry>& entries, const char* message, const char* tensor = "", ErrorCode code = ErrorCode::bad_model) {
    return add(name, zip_text(entries), message, tensor, code);
  }

  // The good archive with the number at one place replaced.
  Case& poke(const char* name, std::size_t at, std::uint64_t value, std::size_t width, const char* message, const char* tensor = "",
             ErrorCode code = ErrorCode::bad_model) {
    ZipText text = good_;
    text.poke(at, value, width);
    return add(name, text, message, tensor, code);
  }

  void add_ends() {
    const std::size_t end = good_.end, end64 = good_.end64, locator = good_.locator;
    poke("end-signature", end, 0, 1, "does not end with an end record");
    poke("archive-comment-length", end + 20, 1, 2, "does not end with an end record");
    poke("end-disk", end + 4, 1, 2, "split over several files");
    poke("end-directory-disk", end + 6, 1, 2, "split over several files");
    poke("end-entries-here", end + 8, 3, 2, "do not say the same");
    poke("end-entries", end + 10, 3, 2, "do not say the same");
    poke("end-directory-length", end + 12, 3, 4, "do not say the same");
    poke("end-directory-offset", end + 16, 3, 4, "do not say the same");
    poke("locator-signature", locator, 0, 1, "does not end where the end record starts");
    poke("locator-offset", locator + 8, 3, 8, "locator does not lead");
    poke("locator-disks", locator + 16, 2, 4, "split over several files");
    poke("zip64-signature", end64, 0, 1, "locator does not lead");
    poke("zip64-size", end64 + 4, 45, 8, "fields that are not known");
    poke("zip64-disk", end64 + 16, 1, 4, "split over several files");
    wide("zip64-entries", 32, ~std::uint64_t{0}, "split over several files");
    wide("zip64-directory-length", 40, ~std::uint64_t{0}, "does not end where the end record starts");
    wide("zip64-directory-offset", 48, ~std::uint64_t{0} - 99, "does not end where the end record starts");
    ZipText many = good_;
    for (const std::size_t field : {24u, 32u}) many.poke(end64 + field, std::uint64_t{1} << 40, 8);
    many.poke(end + 8, 0xffffffff, 4);
    add("entries-beyond-directory", many, "too short for its entries");
    ZipText cut = good_;
    cut.bytes.resize(cut.end + 21);
    add("cut-short", cut, "does not end with an end record");
    cut.bytes.resize(10);
    add("cut-to-nothing", cut, "cut short");
    ZipText tail = good_;
    tail.bytes += '\0';
    add("byte-behind-the-end", tail, "does not end with an end record");
    ZipText narrow = zip_text(good_entries(), ZipStyle::plain);
    narrow.poke(narrow.end + 16, 0xffffffff, 4);
    add("zip64-record-missing", narrow, "do not say the same");
  }

  // A number of the zip64 record, to which the end record refers.
  void wide(const char* name, std::size_t at, std::uint64_t value, const char* message) {
    ZipText text = good_;
    text.poke(good_.end64 + at, value, 8);
    text.poke(good_.end + 8, 0xffffffff, 4);
    text.poke(good_.end + 12, ~std::uint64_t{0}, 8);
    add(name, text, message);
  }

  void add_directory() {
    const std::size_t at = good_.central[kWeight];
    const char* weight = "model/data/0";
    poke("central-signature", at, 0, 1, "central directory is damaged");
    poke("flag-encrypted", at + central::flags, 0x809, 2, "encrypted", weight);
    poke("flag-strong-encryption", at + central::flags, 0x848, 2, "flags that are not known", weight);
    poke("flag-masked", at + central::flags, 0x2808, 2, "flags that are not known", weight);
    poke("flag-descriptor", at + central::flags, 0x800, 2, "do not say the same", weight);
    poke("method-bzip2", at + central::method, 12, 2, "method that is not known", weight);
    poke("method-deflate", at + central::method, 8, 2, "do not say the same", weight);
    poke("packed-size", at + central::packed, 25, 4, "two sizes", weight);
    poke("size", at + central::size, 25, 4, "two sizes", weight);
    poke("central-disk", at + central::disk, 1, 2, "split over several files", weight);
    poke("offset-of-another", at + central::offset, good_.local[kWeight + 1], 4, "data descriptor", "model/code/__torch__.py");
    poke("offset-inside", at + central::offset, good_.local[kWeight] + 1, 4, "data descriptor", "model/code/__torch__.py");
    poke("offset-behind", at + central::offset, good_.directory + 4, 4, "behind the central directory", weight);
    poke("offset-wide-without-field", at + central::offset, 0xffffffff, 4, "zip64 field", weight);
    poke("central-name-length-0", at + central::name_length, 0, 2, "name that is not taken");
    poke("central-name-length", at + central::name_length, 0xffff, 2, "cut short");
    poke("central-extra-length", at + central::extra_length, 5, 2, "extra field", weight);
    poke("central-comment-length", at + central::comment_length, 0xffff, 2, "cut short");
    extra("central-extra-cut", {}, std::string("FB\5\0Z", 5), "extra field of the zip entry is cut short");
    extra("central-second-name", {}, std::string("up\1\0Z", 5), "second name");
    extra("central-two-zip64-fields", {}, std::string("\1\0\0\0\1\0\0\0", 8), "two zip64 fields");
    extra("local-second-name", std::string("up\1\0Z", 5), {}, "second name");
  }

  // Extra fields of the weight's entry.
  void extra(const char* name, const std::string& in_local, const std::string& in_central, const char* message) {
    auto entries = good_entries();
    entries[kWeight].local_extra = in_local, entries[kWeight].central_extra = in_central;
    add(name, entries, message, "model/data/0");
  }

  void add_local_headers() {
    const std::size_t at = good_.local[kWeight];
    const char* weight = "model/data/0";
    poke("local-signature", at, 0, 1, "no local header", weight);
    poke("local-flags", at + local::flags, 0x800, 2, "do not say the same", weight);
    poke("local-method", at + local::method, 8, 2, "do not say the same", weight);
    poke("local-crc-beside-descriptor", at + local::crc, 1, 4, "two sizes", weight);
    poke("local-packed-size", at + local::packed, 24, 4, "two sizes", weight);
    poke("local-size", at + local::size, 24, 4, "two sizes", weight);
    poke("local-name-length", at + local::name_length, 11, 2, "two names", weight);
    poke("local-name", at + local::name + 11, '9', 1, "two names", weight);
    poke("local-extra-length", at + local::extra_length, 0xffff, 2, "overlaps", weight);
    ZipText plain = zip_text(good_entries(), ZipStyle::plain);
    plain.poke(plain.local[kWeight] + local::size, 0xffffffff, 4);
    add("local-size-wide-without-field", plain, "two sizes", weight);
    const std::size_t descriptor = good_.descriptor[kWeight];
    poke("descriptor-signature", descriptor, 0, 1, "data descriptor does not fit", weight);
    poke("descriptor-packed-size", descriptor + 8, 25, 4, "data descriptor does not fit", weight);
    poke("descriptor-size", descriptor + 12, 25, 4, "data descriptor does not fit", weight);
  }

  // Both headers of the weight say that it has so many bytes.
  static void say_size(ZipText& text, std::uint64_t bytes) {
    for (const std::size_t at : {text.central[kWeight] + central::packed, text.central[kWeight] + central::size, text.local[kWeight] + local::packed,
                                 text.local[kWeight] + local::size})
      text.poke(at, bytes, 4);
  }

  void add_layout() {
    auto entries = good_entries();
    ZipText front = good_;
    front.bytes.insert(0, front.bytes.substr(0, 30));
    add("bytes-in-front", front, "locator does not lead");
    front = zip_text(entries, ZipStyle::plain);
    front.bytes.insert(0, front.bytes.substr(0, 30));
    add("bytes-in-front-of-32-bit-archive", front, "does not end where the end record starts");
    ZipText hole = zip_text(entries, ZipStyle::plain);
    say_size(hole, 20);
    add("hole-behind-an-entry", hole, "belong to no entry", "model/data/0");
    ZipText over = zip_text(entries, ZipStyle::plain);
    say_size(over, 28);
    add("overlap-of-two-entries", over, "overlaps", "model/data/0");
    ZipText first = zip_text(entries, ZipStyle::plain);
    first.poke(first.central[kPickle] + central::offset, first.local[kCode], 4);
    add("first-entry-not-at-0", first, "in front of the zip archive");
  }

  void rename(const char* name, const std::string& to, const char* message, const char* tensor = "") {
    add(name, with_entry("model/version", {to, "3\n"}), message, tensor);
  }

  void add_names() {
    rename("name-twice", "model/data/0", "the same name", "model/data/0");
    rename("name-twice-but-for-case", "model/DATA/0", "the same name", "model/data/0");
    rename("name-outside-the-folder", "other/version", "outside the archive's folder", "other/version");
    rename("name-in-no-folder", "version", "outside the archive's folder", "version");
    rename("name-leads-up", "model/../version", "name that is not taken");
    rename("name-absolute", "/model/version", "name that is not taken");
    rename("name-with-empty-part", "model//version", "name that is not taken");
    rename("name-with-nul", std::string("model/ver\0sion", 14), "name that is not taken");
    rename("name-with-backslash", "model\\version", "name that is not taken");
    rename("name-too-long", "model/" + std::string(60000, 'x'), "name that is not taken");
  }

  void add_archive() {
    add("no-folder", std::vector<ZipEntry>{{"data.pkl", whole_pickle("}")}}, "do not stand in a folder");
    add("no-entries", std::vector<ZipEntry>{}, "not a PyTorch archive");
    add("no-data-pkl", with_entry("model/data.pkl", {"model/other", ""}), "no data.pkl");
    add("big-endian", with_entry("model/byteorder", {"model/byteorder", "big"}), "big-endian", "model/byteorder", ErrorCode::unsupported);
    add("byte-order-unknown", with_entry("model/byteorder", {"model/byteorder", "middle"}), "neither little nor big", "model/byteorder");
    add("byte-order-too-long", with_entry("model/byteorder", {"model/byteorder", std::string(99, 'l'), true}), "too large", "model/byteorder", ErrorCode::unsupported);
    add("record-inside", and_entry({"model/extra/nnlock", "NNLOCKR1"}), "does not stand", "", ErrorCode::bad_record);
    add("record-in-other-case", and_entry({"model/Extra/nnlock", "NNLOCKR1"}), "does not stand", "", ErrorCode::bad_record);
    ZipText legacy;
    legacy.bytes = "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.";
    add("legacy-pickle", legacy, "before 1.6", "", ErrorCode::unsupported);
    legacy.bytes = "sys_info" + std::string(249, '\0') + "ustar  " + std::string(300, '\0');
    add("legacy-tar", legacy, "before 1.6", "", ErrorCode::unsupported);
    auto bomb = with_entry("model/data.pkl", {"model/data.pkl", std::string(40 << 20, 'N'), true});
    add("zip-bomb", bomb, "too large", "model/data.pkl", ErrorCode::unsupported);
    ZipText claimed = zip_text(with_entry("model/data.pkl", {"model/data.pkl", whole_pickle(good_state()), true}), ZipStyle::plain);
    claimed.poke(claimed.local[kPickle] + local::size, 16 << 20, 4);
    claimed.poke(claimed.central[kPickle] + central::size, 16 << 20, 4);
    add("zip-bomb-claimed", claimed, "cannot have the size", "model/data.pkl");
    const ZipText deflate = zip_text(with_entry("model/data.pkl", {"model/data.pkl", whole_pickle(good_state()), true}));
    ZipText damaged = deflate;
    damaged.poke(damaged.data[kPickle], 0xff, 1);
    add("deflate-damaged", damaged, "deflated zip entry is damaged", "model/data.pkl");
  }

  void pickle(const char* name, const std::string& text, const char* message, ErrorCode code = ErrorCode::bad_model) {
    add(name, with_entry("model/data.pkl", {"model/data.pkl", text}), message, "model/data.pkl", code);
  }

  void add_pickle_text() {
    pickle("pickle-empty", "", "has no end");
    pickle("pickle-without-end", "\x80\x02}", "has no end");
    pickle("pickle-with-more", whole_pickle("}") + "N", "bytes follow");
    pickle("pickle-of-two-objects", whole_pickle("}}"), "one object");
    pickle("pickle-of-nothing", whole_pickle(""), "one object");
    pickle("pickle-mark-left", whole_pickle("}("), "one object");
    pickle("pickle-protocol", "\x80\x07}.", "protocol", ErrorCode::unsupported);
    pickle("pickle-opcode", whole_pickle("I1\n"), "opcode", ErrorCode::unsupported);
    pickle("pickle-opcode-of-buffers", whole_pickle("\x97"), "opcode", ErrorCode::unsupported);
    pickle("pickle-cut-in-text", "\x80\x02X\xff\xff\xff\x7f", "cut short");
    pickle("pickle-cut-in-number", "\x80\x02J\x01", "cut short");
    pickle("pickle-cut-in-class", "\x80\x02" "ctorch\nx", "cut short");
    pickle("pickle-stack-empty", whole_pickle("\x85"), "more values than it has");
    pickle("pickle-below-mark", whole_pickle("N(\x85"), "more values than it has");
    pickle("pickle-no-mark", whole_pickle("}u"), "no mark");
    pickle("pickle-key-alone", whole_pickle("}(Nu"), "key without a value");
    pickle("pickle-memo", whole_pickle("h\x05"), "did not remember");
    pickle("pickle-memo-gap", whole_pickle("}r\xff\xff\xff\x7f"), "leaves gaps");
    pickle("pickle-deep-marks", whole_pickle(std::string(600000, '(')), "one object");
    pickle("pickle-deep-tuples", whole_pickle(")" + std::string(2000000, '\x85')), "too many objects", ErrorCode::unsupported);
    pickle("pickle-call-without-arguments", whole_pickle("NNR"), "without arguments");
    pickle("pickle-class-by-number", whole_pickle("K\x01K\x02\x93"), "no text");
  }

  void state(const char* name, const std::string& from, const std::string& to, const char* message, const char* tensor = "model/data.pkl",
             ErrorCode code = ErrorCode::bad_model) {
    add(name, with_state(replaced(good_state(), from, to)), message, tensor, code);
  }

  void add_storages() {
    const std::string weight = storage("FloatStorage", "0", 6), bias = storage("BFloat16Storage", "1", 3);
    state("storage-absent", weight, storage("FloatStorage", "7", 6), "archive does not have");
    state("storage-too-few-elements", weight, storage("FloatStorage", "0", 5), "beyond its storage");
    state("storage-too-many-elements", weight, storage("FloatStorage", "0", 7), "another size", "model/data/0");
    state("storage-negative-elements", weight, storage("FloatStorage", "0", 0xffffffff), "not a storage");
    state("storage-class-unknown", weight, storage("FloppyStorage", "0", 6), "type that is not known", "model/data/0", ErrorCode::unsupported);
    state("storage-class-of-others", "torch\nFloatStorage", "other\nFloatStorage", "class that is not of torch");
    state("storage-of-two-types", bias, storage("HalfStorage", "0", 3), "in two ways");
    state("storage-word", unicode("storage"), unicode("module"), "not a storage");
    state("persistent-id-short", integer(6) + "tQ", "tQ", "not a storage");
    state("tensor-beyond-storage", sizes({2, 3}) + sizes({3, 1}), sizes({3, 3}) + sizes({3, 1}), "beyond its storage");
    state("tensor-strides", sizes({2, 3}) + sizes({3, 1}), sizes({2, 3}) + sizes({4, 1}), "beyond its storage");
    state("tensor-offset", weight + integer(0), weight + integer(1), "beyond its storage");
    state("tensor-offset-negative", weight + integer(0), weight + integer(0xffffffff), "not described");
    state("tensor-overflow", sizes({2, 3}), sizes({0x7fffffff, 0x7fffffff}) , "beyond its storage");
    state("tensor-negative-size", sizes({2, 3}), sizes({0xfffffffe, 3}), "impossible sizes");
    state("tensor-dimensions", sizes({2, 3}), sizes({2, 3, 1}), "impossible sizes");
    const std::vector<std::uint64_t> many(65, 1);
    state("tensor-too-many-dimensions", sizes({2, 3}) + sizes({3, 1}), sizes(many) + sizes(many), "impossible sizes");
    state("tensor-without-storage", weight, "N", "not described");
    auto two = entries_with_constants();
    two.push_back({"model/bytecode.pkl", whole_pickle(tensor({"IntStorage", "0", 2, {2}, {1}}))});
    add("storage-of-two-pickles", two, "two types", "model/constants/0");
  }

  ZipText good_ = zip_text(good_entries());
  Matrix matrix_;
};

}  // namespace

Matrix pytorch_matrix() { return Builder().build(); }

}  // namespace nnlock::formats::malformed
