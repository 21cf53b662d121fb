// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lock/outputs.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>

#include "lock/unfinished.hpp"

namespace nnlock::lock {
namespace {

constexpr std::uint64_t kPiece = 1 << 20;  // bytes copied at a time

Result<void> copy_into(const OutputFile& out, const FileSource& source) {
  std::vector<std::byte> piece(static_cast<std::size_t>(std::min(source.size(), kPiece)));
  for (std::uint64_t offset = 0; offset < source.size(); offset += piece.size()) {
    const auto part = std::span(piece).first(static_cast<std::size_t>(std::min<std::uint64_t>(piece.size(), source.size() - offset)));
    if (auto read = source.read(offset, part); !read) return read;
    if (auto written = write_at(out.fd(), offset, part, out.path()); !written) return written;
  }
  return {};
}

}  // namespace

Outputs::~Outputs() {
  if (committed_) return;
  files_.clear();
  for (auto folder = folders_.rbegin(); folder != folders_.rend(); ++folder) ::rmdir(folder->c_str());  // not when others put something there
}

Result<void> Outputs::make_folder_for(const std::string& path) {
  for (std::size_t slash = path.find('/', 1); slash != std::string::npos; slash = path.find('/', slash + 1)) {
    const std::string folder = path.substr(0, slash);
    if (::mkdir(folder.c_str(), 0777) == 0) folders_.push_back(folder);
    else if (errno != EEXIST) return io_error(folder, "cannot make the folder", errno);
  }
  return {};
}

Result<OutputFile*> Outputs::add(const std::string& path, const FileSource* input) {
  if (make_folders_)
    if (auto made = make_folder_for(path); !made) return made.error();
  auto file = OutputFile::create(path, mode_, replace_, input);
  if (!file) return file.error();
  return &files_.emplace_back(*std::move(file));
}

Result<void> Outputs::add_copy(const std::string& path, const FileSource& source) {
  const auto out = add(path, &source);
  if (!out) return out.error();
  return copy_into(**out, source);
}

// A file that is replaced: it stays under another name, held so that nobody takes it for abandoned, until all outputs are in place.
Outputs::Named::Named(const std::string& named, bool replace) : path(named) {
  if (!replace) return;
  kept = sibling_name(path, Sibling::kept);
  old = Descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  hold_sibling(old.get());
  if (::link(path.c_str(), kept.c_str()) != 0 && ::rename(path.c_str(), kept.c_str()) != 0) kept.clear();
}

void Outputs::Named::put_back() const {
  if (!kept.empty() && ::rename(kept.c_str(), path.c_str()) != 0) return;
  ::unlink((kept.empty() ? path : kept).c_str());  // renaming leaves two names of one file as they are
}

void Outputs::Named::let_go() {
  if (!kept.empty()) ::unlink(kept.c_str());
  old = Descriptor();  // what a killed process kept may be the same file
  remove_abandoned(path, Sibling::kept);
}

Result<void> Outputs::commit() {
  std::vector<Named> named;
  for (OutputFile& file : files_) {
    const bool last = &file == &files_.back();
    Named now(file.path(), replace_ && !last);
    if (auto committed = file.commit(); !committed) {
      if (!now.kept.empty()) now.put_back();
      for (auto n = named.rbegin(); n != named.rend(); ++n) n->put_back();
      return committed;
    }
    if (!last) named.push_back(std::move(now));
  }
  for (Named& n : named) n.let_go();
  committed_ = true;
  return {};
}

Result<void> check_output_place(const ModelSet& set, const std::string& out) {
  const auto refused = [&](const char* message, const char* hint) {
    return Error{.code = ErrorCode::usage, .message = message, .hint = hint, .file = out};
  };
  const bool folder = set.kind == ModelSet::Kind::folder;
  if (out.empty() || (out.back() == '/' && !folder)) return refused("the output needs a file name", "give one with -o");
  if (set.kind == ModelSet::Kind::split && name_of(out) != set.mains.front())
    return refused("the parts of a split model keep their names", "give the first part the name it has, in another folder");
  if (!folder) return {};
  std::error_code failed;
  const auto inner = std::filesystem::weakly_canonical(out, failed), outer = std::filesystem::weakly_canonical(set.folder, failed);
  const auto [rest, unused] = std::mismatch(outer.begin(), outer.end(), inner.begin(), inner.end());
  if (failed || rest == outer.end() || (std::next(rest) == outer.end() && rest->empty()))
    return refused("the output folder lies inside the model's folder", "give another folder with -o");
  return {};
}

Result<void> check_companion_names(Format format, std::span<const std::byte> image, const std::vector<std::string>& companions, const ModelSet& set,
                                   const std::string& out) {
  if (companions.empty() || set.kind != ModelSet::Kind::file) return {};
  const auto codec = formats::codec_for(format);
  if (!codec) return codec.error();
  const auto names = (*codec)->companions(image, name_of(out));
  if (!names) return names.error();
  if (*names == companions) return {};
  return Error{.code = ErrorCode::usage,
               .message = "under this name the model would look for other files",
               .hint = "keep the main file's name, " + set.mains.front() + ", and give another folder",
               .file = out};
}

}  // namespace nnlock::lock
