// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Outputs on file systems and in processes that lack something: unnamed files, /proc, renaming without replacing, links, marks on files.
// This program has its own open, access, renameat2, link and flock, which refuse what a case takes away and else ask the system.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdarg>

#include "lock/file_io.hpp"
#include "lock/models_testing.hpp"
#include "lock/unfinished.hpp"

namespace {

struct Missing {
  int unnamed_files = 0;  // errno of O_TMPFILE, 0: they work
  bool proc = false;
  int no_replace = 0;     // errno of RENAME_NOREPLACE
  int links = 0;          // errno of link()
  int marks = 0;          // errno of flock()
};
Missing missing;
int links_made = 0, renames_made = 0;
int thefts = 0;           // so many files lose their name right before they are marked

int refuse(int number) {
  errno = number;
  return -1;
}

}  // namespace

extern "C" {

int open(const char* path, int flags, ...) {
  if ((flags & O_TMPFILE) == O_TMPFILE && missing.unnamed_files != 0) return refuse(missing.unnamed_files);
  mode_t mode = 0;
  if ((flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE) {
    va_list more;
    va_start(more, flags);
    mode = static_cast<mode_t>(va_arg(more, unsigned));
    va_end(more);
  }
  return static_cast<int>(::syscall(SYS_openat, AT_FDCWD, path, flags, mode));
}

int access(const char* path, int mode) noexcept {
  if (missing.proc && std::string_view(path).starts_with("/proc/")) return refuse(ENOENT);
  return static_cast<int>(::syscall(SYS_faccessat, AT_FDCWD, path, mode));
}

int renameat2(int from_folder, const char* from, int to_folder, const char* to, unsigned flags) noexcept {
  if (missing.no_replace != 0) return refuse(missing.no_replace);
  ++renames_made;
  return static_cast<int>(::syscall(SYS_renameat2, from_folder, from, to_folder, to, flags));
}

int link(const char* from, const char* to) noexcept {
  if (missing.links != 0) return refuse(missing.links);
  ++links_made;
  return static_cast<int>(::syscall(SYS_linkat, AT_FDCWD, from, AT_FDCWD, to, 0));
}

int flock(int fd, int operation) noexcept {
  if (missing.marks != 0) return refuse(missing.marks);
  if (thefts > 0) {
    --thefts;
    std::array<char, 4096> name{};
    if (::readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), name.data(), name.size() - 1) > 0) ::unlink(name.data());
  }
  return static_cast<int>(::syscall(SYS_flock, fd, operation));
}

}  // extern "C"

namespace nnlock::lock {
namespace {

struct Place {
  const char* name;
  Missing missing;
};
const std::vector<Place> kPlaces = {{"everything", {}},
                                    {"no_unnamed_files", {.unnamed_files = EOPNOTSUPP}},
                                    {"an_old_kernel", {.unnamed_files = EISDIR}},
                                    {"a_chroot", {.proc = true}},
                                    {"no_marks", {.unnamed_files = EOPNOTSUPP, .marks = ENOLCK}},
                                    {"no_links", {.unnamed_files = EOPNOTSUPP, .links = EPERM}},
                                    {"links_only", {.unnamed_files = EOPNOTSUPP, .no_replace = EINVAL}},
                                    {"links_only_by_system_call", {.unnamed_files = EINVAL, .no_replace = ENOSYS}}};

class Outputs : public testing::TestWithParam<Place> {
 protected:
  Outputs() {
    missing = GetParam().missing;
    links_made = renames_made = 0;
  }
  ~Outputs() override { missing = {}; }

  // Writes "new" into out/name; `meanwhile` happens before it gets its name.
  Result<void> write(bool replace, const std::function<void()>& meanwhile = {}) {
    auto file = OutputFile::create(scratch.file("name"), 0666, replace, nullptr);
    if (!file) return file.error();
    const Bytes text = to_bytes("new");
    if (auto written = write_at(file->fd(), 0, text, file->path()); !written) return written;
    if (meanwhile) meanwhile();
    return file->commit();
  }

  Scratch scratch;
};

INSTANTIATE_TEST_SUITE_P(Everywhere, Outputs, testing::ValuesIn(kPlaces), [](const auto& place) { return std::string(place.param.name); });

TEST_P(Outputs, AppearUnderTheirNameAndLeaveNothingBeside) {
  const auto done = write(false);
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(scratch.read("name"), to_bytes("new"));
  EXPECT_EQ(scratch.entries(), 1U);
}

TEST_P(Outputs, NeverReplaceWhatCameMeanwhile) {
  const auto done = write(false, [&] { scratch.write("name", to_bytes("somebody's")); });
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, ErrorCode::usage) << done.error().message;
  EXPECT_EQ(scratch.read("name"), to_bytes("somebody's"));
  EXPECT_EQ(scratch.entries(), 1U);
}

TEST_P(Outputs, ReplaceWhenTold) {
  scratch.write("name", to_bytes("old"));
  EXPECT_EQ(write(false).error().code, ErrorCode::usage);
  const auto done = write(true);
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(scratch.read("name"), to_bytes("new"));
  EXPECT_EQ(scratch.entries(), 1U);
}

TEST_P(Outputs, VanishWhenTheyAreNotCommitted) {
  {
    const auto file = OutputFile::create(scratch.file("name"), 0666, false, nullptr);
    ASSERT_TRUE(file) << file.error().message;
    EXPECT_FALSE(file_exists(scratch.file("name")));
  }
  EXPECT_EQ(scratch.entries(), 0U);
}

TEST_P(Outputs, LeaveOneAnotherAlone) {
  auto first = OutputFile::create(scratch.file("name"), 0666, true, nullptr);
  ASSERT_TRUE(first) << first.error().message;
  ASSERT_TRUE(write(true));
  const auto done = first->commit();
  EXPECT_TRUE(done) << done.error().message;
  EXPECT_EQ(scratch.read("name"), Bytes{});
  EXPECT_EQ(scratch.entries(), 1U);
}

TEST_P(Outputs, TakeAwayWhatAKilledProcessLeft) {
  scratch.write("name.nnlock-0123456789abcdef", to_bytes("half"));
  scratch.write("other.nnlock-0123456789abcdef", to_bytes("half"));
  ASSERT_TRUE(write(false));
  EXPECT_EQ(scratch.entries(), missing.marks == 0 ? 2U : 3U) << "without marks nobody knows what is abandoned";
  EXPECT_TRUE(file_exists(scratch.file("other.nnlock-0123456789abcdef")));
}

TEST_P(Outputs, AModelIsLockedAndUnlockedThere) {
  const auto in = scratch.write("in", small_safetensors());
  const auto report = lock_file(test_key(1), in, scratch.file("locked"), {.sidecar = true});
  ASSERT_TRUE(report) << report.error().message;
  const auto again = lock_file(test_key(2), in, scratch.file("locked"), {.sidecar = true, .force = true});
  ASSERT_TRUE(again) << again.error().message;
  const auto unlocked = unlock_file(test_key(2), scratch.file("locked"), scratch.file("plain"), {});
  ASSERT_TRUE(unlocked) << unlocked.error().message;
  EXPECT_EQ(scratch.read("plain"), small_safetensors());
  EXPECT_EQ(scratch.entries(), 4U);
}

TEST_P(Outputs, NeitherRenamingNorLinksIsAnErrorThatLeavesNothing) {
  missing = {.unnamed_files = EOPNOTSUPP, .no_replace = EINVAL, .links = EPERM};
  const auto done = write(false);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, ErrorCode::io);
  EXPECT_EQ(scratch.entries(), 0U);
}

// The cases above prove something only if this program's functions are the ones that are called.
TEST(OutputsMore, AThiefBetweenMakingAndMarkingIsNoticed) {
  const Scratch scratch;
  missing = {.unnamed_files = EOPNOTSUPP};
  thefts = 3;
  auto file = OutputFile::create(scratch.file("name"), 0666, false, nullptr);
  EXPECT_TRUE(file && file->commit());
  EXPECT_TRUE(file_exists(scratch.file("name")));
  thefts = 1000;
  EXPECT_EQ(OutputFile::create(scratch.file("another"), 0666, false, nullptr).error().code, ErrorCode::io);
  thefts = 0;
  missing = {};
  EXPECT_EQ(scratch.entries(), 1U);
}

TEST(OutputsMore, WhatOnlyLooksAbandonedStays) {
  const Scratch scratch;
  const std::vector<std::string> names = {"name.nnlock-0123456789abcde", "name.nnlock-0123456789abcdeg", "name.nnlock-0123456789abcdef0",
                                          "name.nnlock-kept-0123456789abcdef", "aname.nnlock-0123456789abcdef", "name.nnlock-0123456789ABCDEF"};
  for (const std::string& name : names) scratch.write(name, {});
  std::filesystem::create_directory(scratch.file("name.nnlock-0000000000000000"));
  std::filesystem::create_symlink("name.nnlock-0123456789abcde", scratch.file("name.nnlock-0000000000000001"));
  const Descriptor held(::open(scratch.write("name.nnlock-0000000000000002", {}).c_str(), O_RDONLY));
  ASSERT_EQ(hold_sibling(held.get()), Hold::held);
  remove_abandoned(scratch.file("name"), Sibling::temporary);
  EXPECT_EQ(scratch.entries(), names.size() + 3);
  remove_abandoned(scratch.file("name"), Sibling::kept);
  EXPECT_FALSE(file_exists(scratch.file("name.nnlock-kept-0123456789abcdef")));
  EXPECT_EQ(scratch.entries(), names.size() + 2);
}

TEST(OutputsMore, AKeptRecordStaysUntilModelAndRecordAreWritten) {
  const Scratch scratch;
  const auto in = scratch.write("in", small_safetensors());
  const std::string kept = scratch.write("out.nnlock.nnlock-kept-0123456789abcdef", to_bytes("record of the model that is there"));
  scratch.write("out", to_bytes("model"));
  EXPECT_FALSE(lock_file(test_key(1), in, scratch.file("out"), {.sidecar = true}));
  EXPECT_TRUE(file_exists(kept));
  EXPECT_TRUE(lock_file(test_key(1), in, scratch.file("out"), {.sidecar = true, .force = true}));
  EXPECT_FALSE(file_exists(kept));
  EXPECT_EQ(scratch.entries(), 3U);
}

TEST(OutputsMore, TheFallbacksAreTheOnesTaken) {
  const Scratch scratch;
  const auto make = [&](const std::string& name, const Missing& without) {
    missing = without;
    links_made = renames_made = 0;
    const std::size_t before = scratch.entries();
    auto file = OutputFile::create(scratch.file(name), 0666, false, nullptr);
    const std::size_t temporary_names = scratch.entries() - before;
    EXPECT_TRUE(file && file->commit()) << name;
    missing = {};
    return temporary_names;
  };
  EXPECT_EQ(make("unnamed", {}), 0U);
  EXPECT_EQ(links_made + renames_made, 0) << "linkat() names it";
  EXPECT_EQ(make("renamed", {.unnamed_files = EOPNOTSUPP}), 1U);
  EXPECT_EQ(renames_made, 1);
  EXPECT_EQ(make("linked", {.unnamed_files = EOPNOTSUPP, .no_replace = EINVAL}), 1U);
  EXPECT_EQ(links_made, 1);
  EXPECT_EQ(make("without proc", {.proc = true}), 1U);
  EXPECT_EQ(renames_made, 1);
}

}  // namespace
}  // namespace nnlock::lock
