// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lock/file_io.hpp"

#include "lock/record.hpp"
#include "lock/unfinished.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace nnlock::lock {
namespace {

constexpr std::size_t kLargestTransfer = std::size_t{1} << 30;  // read and write take less than 2 GiB at a time

constexpr int kTries = 8;  // to make a temporary file that nobody else removes before it is held

std::string self_path(int fd) { return "/proc/self/fd/" + std::to_string(fd); }

bool same_file(const struct stat& a, const struct stat& b) { return a.st_dev == b.st_dev && a.st_ino == b.st_ino; }

Error exists_error(const std::string& path) {
  return Error{.code = ErrorCode::usage, .message = "the output file exists already", .hint = "give another name, or --force to replace it", .file = path};
}

// A new file with a temporary name. Another output may take it for abandoned until it is held: then a new one is made.
Result<Descriptor> create_held(const std::string& path, unsigned mode, std::string& temporary) {
  int number = EAGAIN;
  for (int i = 0; i < kTries; ++i) {
    temporary = sibling_name(path, Sibling::temporary);
    remember_unfinished(temporary);
    Descriptor fd(::open(temporary.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, static_cast<mode_t>(mode)));
    number = fd.get() < 0 ? errno : EAGAIN;
    if (fd.get() >= 0 && hold_sibling(fd.get()) != Hold::lost) return fd;
    if (fd.get() >= 0) ::unlink(temporary.c_str());
    forget_unfinished(temporary);
    if (fd.get() < 0) break;
  }
  return io_error(path, "cannot create the file", number);
}

}  // namespace

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  if (this != &other) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = other.release();
  }
  return *this;
}

Descriptor::~Descriptor() {
  if (fd_ >= 0) ::close(fd_);
}

int Descriptor::release() { return std::exchange(fd_, -1); }

Error io_error(const std::string& path, const std::string& action, int number) {
  return Error{.code = ErrorCode::io, .message = action + ": " + std::strerror(number), .file = path};
}

namespace {

constexpr int kRead = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;  // NONBLOCK: a FIFO must not hang us

}  // namespace

Result<std::unique_ptr<FileSource>> FileSource::open(const std::string& path) {
  Descriptor fd(::open(path.c_str(), kRead));
  if (fd.get() < 0) return io_error(path, "cannot open the file", errno);
  return over(std::move(fd), path);
}

Result<std::unique_ptr<FileSource>> FileSource::open_at(const Descriptor& folder, const std::string& name, const std::string& path) {
  Descriptor fd(::openat(folder.get(), name.c_str(), kRead | O_NOFOLLOW));
  if (fd.get() < 0 && errno == ELOOP)
    return Error{.code = ErrorCode::bad_model,
                 .message = "a file that the model needs is a symbolic link",
                 .hint = "put the file itself into the model's folder",
                 .file = path};
  if (fd.get() < 0) return io_error(path, "cannot open a file that the model needs", errno);
  return over(std::move(fd), path);
}

Result<std::unique_ptr<FileSource>> FileSource::over(Descriptor fd, const std::string& path) {
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return io_error(path, "cannot look at the file", errno);
  if (S_ISDIR(status.st_mode)) return io_error(path, "cannot read the file", EISDIR);
  if (!S_ISREG(status.st_mode)) return Error{.code = ErrorCode::io, .message = "not a regular file", .file = path};
  return std::unique_ptr<FileSource>(new FileSource(std::move(fd), static_cast<std::uint64_t>(status.st_size), path));
}

namespace {

Result<void> read_at(int fd, const std::string& path, std::uint64_t size, std::uint64_t offset, std::span<std::byte> out) {
  if (!formats::inside(offset, out.size(), size))
    return Error{.code = ErrorCode::bad_model, .message = "the file ends too early", .file = path, .offset = offset};
  while (!out.empty()) {
    const ssize_t n = ::pread(fd, out.data(), std::min(out.size(), kLargestTransfer), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return io_error(path, "cannot read the file", errno);
    if (n == 0) return Error{.code = ErrorCode::io, .message = "the file became shorter while it was read", .file = path, .offset = offset};
    out = out.subspan(static_cast<std::size_t>(n));
    offset += static_cast<std::uint64_t>(n);
  }
  return {};
}

}  // namespace

Result<void> FileSource::read(std::uint64_t offset, std::span<std::byte> out) const { return read_at(fd_.get(), path_, size_, offset, out); }

Result<void> WrittenFile::read(std::uint64_t offset, std::span<std::byte> out) const { return read_at(fd_, path_, size_, offset, out); }

Result<std::vector<std::byte>> read_record_file(const std::string& path) {
  auto source = FileSource::open(path);
  if (!source) return source.error();
  std::array<std::byte, 32> frame{};
  const auto head = std::span(frame).first(static_cast<std::size_t>(std::min<std::uint64_t>(frame.size(), (*source)->size())));
  if (auto read = (*source)->read(0, head); !read) return read.error();
  if (auto framed = check_frame(head, (*source)->size()); !framed) {  // before anything of its size is allocated
    Error error = framed.error();
    error.file = path;
    return error;
  }
  std::vector<std::byte> bytes(static_cast<std::size_t>((*source)->size()));
  if (auto read = (*source)->read(0, bytes); !read) return read.error();
  return bytes;
}

bool file_exists(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0;
}

bool same_place(const std::string& a, const std::string& b) {
  struct stat folder_a {}, folder_b {};
  if (::stat(folder_of(a).c_str(), &folder_a) != 0 || ::stat(folder_of(b).c_str(), &folder_b) != 0) return a == b;
  return same_file(folder_a, folder_b) && a.substr(a.rfind('/') + 1) == b.substr(b.rfind('/') + 1);
}

Result<void> write_at(int fd, std::uint64_t offset, std::span<const std::byte> bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t n = ::pwrite(fd, bytes.data(), std::min(bytes.size(), kLargestTransfer), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return io_error(path, "cannot write the file", errno);
    bytes = bytes.subspan(static_cast<std::size_t>(n));
    offset += static_cast<std::uint64_t>(n);
  }
  return {};
}

Result<OutputFile> OutputFile::create(const std::string& path, unsigned mode, bool replace, const FileSource* input) {
  struct stat existing {};
  if (::stat(path.c_str(), &existing) == 0) {
    struct stat in {};
    if (input != nullptr && ::fstat(input->descriptor().get(), &in) == 0 && same_file(in, existing))
      return Error{.code = ErrorCode::usage, .message = "the output is the input", .hint = "give another name for the output", .file = path};
    if (!S_ISREG(existing.st_mode)) return Error{.code = ErrorCode::io, .message = "the output is not a regular file", .file = path};
    if (!replace) return exists_error(path);
  }
  remove_abandoned(path, Sibling::temporary);
  Descriptor unnamed(::open(folder_of(path).c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, static_cast<mode_t>(mode)));
  if (unnamed.get() >= 0 && ::access(self_path(unnamed.get()).c_str(), F_OK) == 0)  // it can be named later
    return OutputFile(std::move(unnamed), path, "", replace);
  if (unnamed.get() < 0 && errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL) return io_error(path, "cannot create the file", errno);
  std::string temporary;  // a file system without O_TMPFILE
  auto named = create_held(path, mode, temporary);
  if (!named) return named.error();
  return OutputFile(*std::move(named), path, std::move(temporary), replace);
}

OutputFile::OutputFile(OutputFile&& other) noexcept
    : fd_(std::move(other.fd_)), path_(std::move(other.path_)), temporary_(std::exchange(other.temporary_, "")), replace_(other.replace_) {}

OutputFile::~OutputFile() {
  if (temporary_.empty()) return;
  ::unlink(temporary_.c_str());
  forget_unfinished(temporary_);
}

Result<void> OutputFile::link_unnamed(const std::string& name) {
  if (::linkat(AT_FDCWD, self_path(fd_.get()).c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) == 0) return {};
  return errno == EEXIST ? exists_error(path_) : io_error(path_, "cannot name the file", errno);
}

Result<void> OutputFile::named() {
  forget_unfinished(temporary_);
  temporary_.clear();
  return {};
}

// link() and RENAME_NOREPLACE refuse an existing name and rename() replaces it, both in one step: nobody ever sees half a file.
Result<void> OutputFile::commit() {
  if (::fdatasync(fd_.get()) != 0 && errno != EINVAL && errno != EROFS) return io_error(path_, "cannot write the file", errno);
  if (temporary_.empty()) {
    if (!replace_) return link_unnamed(path_);
    hold_sibling(fd_.get());  // before it has a name
    temporary_ = sibling_name(path_, Sibling::temporary);
    remember_unfinished(temporary_);
    if (auto linked = link_unnamed(temporary_); !linked) return linked;
  }
  return commit_named();
}

Result<void> OutputFile::commit_named() {
  if (replace_) {
    if (::rename(temporary_.c_str(), path_.c_str()) != 0) return io_error(path_, "cannot name the file", errno);
    return named();
  }
  if (::renameat2(AT_FDCWD, temporary_.c_str(), AT_FDCWD, path_.c_str(), RENAME_NOREPLACE) == 0) return named();
  if (errno == EEXIST) return exists_error(path_);  // else: a file system without that flag, but perhaps with links
  if (::link(temporary_.c_str(), path_.c_str()) == 0) return {};  // the destructor takes the temporary name away
  return errno == EEXIST ? exists_error(path_) : io_error(path_, "cannot name the file", errno);
}

}  // namespace nnlock::lock
