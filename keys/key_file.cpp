// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// The master key file (spec/key-file-v1.md).

#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

#include "keys/bech32m.hpp"
#include "keys/key_schedule.hpp"
#include "nnlock/keys.hpp"

namespace nnlock {
namespace {

constexpr std::string_view kPrefix = "NNLOCK-MASTER-KEY-";
constexpr std::string_view kFingerprintComment = "# fingerprint: ";
constexpr std::size_t kMaxFileBytes = 4096;

Error bad_key(std::string message) {
  return Error{.code = ErrorCode::bad_key_file,
               .message = std::move(message),
               .hint = "restore the key file from a backup, or make a new key with `nnlock keygen`"};
}

Error io_error(const std::string& path, const char* action, int number) {
  return Error{.code = ErrorCode::io, .message = std::string(action) + ": " + std::strerror(number), .file = path};
}

// A buffer that is wiped when it goes out of scope.
struct WipedText {
  std::string text;
  ~WipedText() { OPENSSL_cleanse(text.data(), text.size()); }
};

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

struct Lines {
  std::string_view key_line;
  std::vector<std::string_view> fingerprints;  // what fingerprint comments say
};

bool allowed(char c) { return c == '\n' || (c >= 0x20 && c <= 0x7e); }

// Cuts a key file into its key line and its fingerprint comments (key-file-v1 section 1).
Result<Lines> split(std::string_view text) {
  if (text.size() > kMaxFileBytes) return bad_key("the key file is larger than 4096 bytes");
  Lines lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    for (char c : line)
      if (!allowed(c)) return bad_key("the key file holds a byte that is not plain text");
    if (line.empty()) continue;
    if (line.front() != '#') {
      if (!lines.key_line.empty()) return bad_key("the key file holds more than one key");
      lines.key_line = line;
    } else if (line.starts_with(kFingerprintComment)) {
      lines.fingerprints.push_back(line.substr(kFingerprintComment.size()));
    }
  }
  if (lines.key_line.empty()) return bad_key("the key file holds no key");
  return lines;
}

Result<void> write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return io_error("", "cannot write the key", errno);
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

// A key that was saved must be readable again, whatever free text the caller puts beside it.
Result<void> check_created(std::string_view created) {
  const bool plain = std::all_of(created.begin(), created.end(), [](char c) { return c >= 0x20 && c <= 0x7e; });
  if (plain && created.size() <= 200) return {};
  return Error{.code = ErrorCode::usage,
               .message = "the date of a key must be at most 200 characters of plain ASCII on one line",
               .hint = "give a date such as 2026-01-31"};
}

}  // namespace

Result<MasterKey> MasterKey::generate() {
  if (auto ready = keys::crypto_ready(); !ready) return ready.error();
  SecretBytes secret;
  const auto bytes = secret.reveal_mutable();
  if (RAND_priv_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(bytes.size())) != 1)
    return Error{.code = ErrorCode::io, .message = "the system's random generator failed"};
  return MasterKey(std::move(secret));
}

MasterKey MasterKey::from_bytes(std::span<const std::byte, SecretBytes::size> bytes) { return MasterKey(SecretBytes(bytes)); }

Result<MasterKey> MasterKey::parse(std::string_view text) {
  if (auto ready = keys::crypto_ready(); !ready) return ready.error();
  auto lines = split(text);
  if (!lines) return lines.error();
  auto secret = keys::bech32m_decode(kPrefix, lines->key_line);
  if (!secret) return secret.error();
  MasterKey key(*std::move(secret));
  for (const std::string_view fingerprint : lines->fingerprints)
    if (fingerprint != key.fingerprint()) return bad_key("the fingerprint in the key file is not the key's");
  return key;
}

Result<MasterKey> MasterKey::read_file(const std::string& path, bool* readable_by_others) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (file.get() < 0) return io_error(path, "cannot open the key file", errno);
  struct stat status {};
  if (::fstat(file.get(), &status) == 0 && readable_by_others != nullptr)
    *readable_by_others = S_ISREG(status.st_mode) && (status.st_mode & (S_IRGRP | S_IROTH)) != 0;
  WipedText buffer{std::string(kMaxFileBytes + 1, '\0')};
  std::size_t length = 0;
  while (length < buffer.text.size()) {
    const ssize_t n = ::read(file.get(), buffer.text.data() + length, buffer.text.size() - length);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return io_error(path, "cannot read the key file", errno);
    if (n == 0) break;
    length += static_cast<std::size_t>(n);
  }
  auto key = parse(std::string_view(buffer.text).substr(0, length));
  if (key) return key;
  Error error = key.error();
  error.file = path;
  return error;
}

Result<void> MasterKey::write_to(int fd, std::string_view created) const {
  if (auto checked = check_created(created); !checked) return checked;
  WipedText text{"# nnlock master key. Keep it secret, keep a backup.\n# created: " + std::string(created) + "\n" +
                 std::string(kFingerprintComment) + fingerprint() + "\n"};
  text.text.reserve(text.text.size() + keys::bech32m_length(kPrefix) + 1);  // no reallocation once the key is inside
  WipedText key{keys::bech32m_encode(kPrefix, secret_)};
  text.text.append(key.text).push_back('\n');
  return write_all(fd, text.text);
}

Result<void> MasterKey::write_file(const std::string& path, std::string_view created) const {
  if (auto checked = check_created(created); !checked) return checked;
  const Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOCTTY, S_IRUSR | S_IWUSR));
  if (file.get() < 0 && errno == EEXIST)
    return Error{.code = ErrorCode::usage,
                 .message = "the key file exists already and is never overwritten",
                 .hint = "choose another name",
                 .file = path};
  if (file.get() < 0) return io_error(path, "cannot create the key file", errno);
  auto written = write_to(file.get(), created);
  if (written && ::fsync(file.get()) != 0 && errno != EINVAL && errno != EROFS)
    written = io_error(path, "cannot write the key file", errno);
  if (written) return written;
  ::unlink(path.c_str());
  Error error = written.error();
  error.file = path;
  return error;
}

std::array<std::byte, 8> MasterKey::fingerprint_bytes() const { return keys::fingerprint(secret_); }

std::string MasterKey::fingerprint() const { return keys::fingerprint_text(fingerprint_bytes()); }

}  // namespace nnlock
