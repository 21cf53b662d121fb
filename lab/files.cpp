// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lab/files.hpp"

#include <fcntl.h>
#include <lzma.h>
#include <sys/file.h>
#include <unistd.h>
#include <zlib.h>

#include <cstdint>
#include <fstream>
#include <limits>

#include "lab/failure.hpp"

namespace nnlock::lab {
namespace {

Path with(const Path& path, const char* suffix) { return path.string() + suffix; }

Bytes read_plain(const Path& path) {
  std::ifstream in(path, std::ios::binary | std::ios::ate);
  if (!in) throw Failure(path.string() + ": cannot be read", "check that it is there and readable");
  Bytes bytes(static_cast<std::size_t>(in.tellg()));
  in.seekg(0);
  in.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  if (!in) throw Failure(path.string() + ": reading it failed", "check the disk, or get the file again");
  return bytes;
}

Bytes read_gz(const Path& path) {
  const gzFile in = gzopen(path.c_str(), "rb");
  if (in == nullptr) throw Failure(path.string() + ": cannot be read", "check that it is there and readable");
  Bytes bytes;
  std::byte block[1 << 16];
  int got = 0;
  while ((got = gzread(in, block, sizeof block)) > 0) append(bytes, {block, static_cast<std::size_t>(got)});
  const int closed = gzclose(in);
  if (got != 0 || closed != Z_OK) throw Failure(path.string() + ": damaged or cut short", "get the file again");
  return bytes;
}

Bytes read_xz(const Path& path) {
  const Bytes packed = read_plain(path);
  lzma_stream stream = LZMA_STREAM_INIT;
  if (lzma_stream_decoder(&stream, std::numeric_limits<std::uint64_t>::max(), 0) != LZMA_OK) throw Failure("liblzma cannot start", "free some memory");
  stream.next_in = reinterpret_cast<const std::uint8_t*>(packed.data());
  stream.avail_in = packed.size();
  Bytes bytes;
  std::byte block[1 << 16];
  lzma_ret state = LZMA_OK;
  while (state == LZMA_OK) {
    stream.next_out = reinterpret_cast<std::uint8_t*>(block);
    stream.avail_out = sizeof block;
    state = lzma_code(&stream, LZMA_FINISH);
    append(bytes, {block, sizeof block - stream.avail_out});
  }
  lzma_end(&stream);
  if (state != LZMA_STREAM_END) throw Failure(path.string() + ": damaged or cut short", "get the file again");
  return bytes;
}

}  // namespace

bool readable(const Path& path) {
  return std::filesystem::exists(path) || std::filesystem::exists(with(path, ".gz")) || std::filesystem::exists(with(path, ".xz"));
}

Bytes read_file(const Path& path) {
  if (std::filesystem::exists(path)) return read_plain(path);
  if (std::filesystem::exists(with(path, ".gz"))) return read_gz(with(path, ".gz"));
  if (std::filesystem::exists(with(path, ".xz"))) return read_xz(with(path, ".xz"));
  throw Failure(path.string() + ": not there, neither plain nor as .gz or .xz", "name the right folder");
}

void write_file(const Path& path, std::span<const std::byte> bytes) {
  if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path());
  const Path part = with(path, (".part" + std::to_string(::getpid())).c_str());
  {
    std::ofstream out(part, std::ios::binary);
    out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    out.close();
    if (!out) throw Failure(part.string() + ": cannot be written", "check the folder's permissions and the space on the disk");
  }
  std::filesystem::rename(part, path);
}

TemporaryFolder::TemporaryFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "nnlock-lab.XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw Failure(name + ": cannot be made", "set TMPDIR to a folder that can be written");
  path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

FileLock::FileLock(const Path& path) {
  if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path());
  fd_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (fd_ < 0 || ::flock(fd_, LOCK_EX) != 0) throw Failure(path.string() + ": cannot be locked", "name a cache folder that can be written");
}

FileLock::~FileLock() { ::close(fd_); }

}  // namespace nnlock::lab
