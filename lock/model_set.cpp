// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lock/model_set.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <set>

#include "formats/file_names.hpp"
#include "formats/gguf_split.hpp"
#include "formats/safetensors_index.hpp"
#include "lock/companions.hpp"
#include "lock/naming.hpp"

namespace nnlock::lock {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostFiles = 65'536;  // of a folder, and of a record
constexpr const char* kSidecarSuffix = ".nnlock";

bool is_folder(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

// Regular files below a folder, by their paths relative to it. Links to files are followed, as model caches have them; links to folders
// are not, so that no walk is endless.
Result<std::vector<std::string>> files_below(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code failed;
  fs::recursive_directory_iterator walk(folder, failed), end;
  for (; !failed && walk != end; walk.increment(failed)) {
    std::error_code unreadable;
    if (!walk->is_regular_file(unreadable)) continue;
    names.push_back(walk->path().lexically_relative(folder).generic_string());
    if (names.size() > kMostFiles)
      return Error{.code = ErrorCode::unsupported, .message = "the folder holds more than 65,536 files", .file = folder};
  }
  if (failed) return io_error(folder, "cannot list the folder", failed.value());
  std::sort(names.begin(), names.end());
  return names;
}

// What one file of a folder is: a main file with its companions, or no model.
struct Seen {
  bool is_main = false;
  std::vector<std::string> companions;  // relative to the folder of the set
};

Result<Seen> look_at(const ModelSet& set, const std::string& name) {
  const auto source = FileSource::open(set.path(name));
  if (!source) return source.error();
  const auto codec = formats::detect(**source);
  if (!codec) {
    if (codec.error().code == ErrorCode::io) return codec.error();
    return Seen{};
  }
  auto companions = companions_in_file(**codec, **source, name_of(name));
  if (!companions) return companions.error();
  Seen seen{.is_main = true};
  for (const std::string& companion : *companions) seen.companions.push_back(prefix_of(name) + companion);
  return seen;
}

// Every file that is a model and no companion of one is a main file; records beside models are looked for when those are opened.
Result<ModelSet> folder_set(const std::string& path) {
  ModelSet set{.kind = ModelSet::Kind::folder, .folder = path.ends_with('/') ? path : path + "/"};
  const auto names = files_below(set.folder);
  if (!names) return names.error();
  std::set<std::string> mains, claimed;
  for (const std::string& name : *names) {
    const auto seen = naming(look_at(set, name), set.path(name));
    if (!seen) return seen.error();
    if (seen->is_main) mains.insert(name);
    claimed.insert(seen->companions.begin(), seen->companions.end());
  }
  for (const std::string& name : *names) {
    if (claimed.contains(name)) continue;
    const bool record = name.ends_with(kSidecarSuffix) && mains.contains(name.substr(0, name.size() - std::string_view(kSidecarSuffix).size()));
    if (mains.contains(name)) set.mains.push_back(name);
    else if (!record) set.copied.push_back(name);
  }
  if (set.mains.empty())
    return Error{.code = ErrorCode::bad_model, .message = "the folder holds no model of a known format", .hint = "`nnlock formats` lists them", .file = path};
  return set;
}

// The names of a split model follow from the first one's (ggml-org/llama.cpp: src/llama.cpp, llama_split_path()): PREFIX-00001-of-00003.gguf.
std::string split_suffix(unsigned no, unsigned count) {
  const auto five = [](unsigned n) { return std::string(5 - std::min<std::size_t>(5, std::to_string(n).size()), '0') + std::to_string(n); };
  return "-" + five(no) + "-of-" + five(count) + ".gguf";
}

// The parts of a split model whose first part is the only main file so far. Another part, or a name that llama.cpp would not load by, stays a
// model of its own.
Result<void> add_split_parts(ModelSet& set, const FileSource& source) {
  const auto codec = formats::detect(source);
  if (!codec || (*codec)->format() != Format::gguf) return {};
  const auto split = formats::gguf_split(source);
  if (!split) return split.error();
  if (!split->has_value() || (*split)->no != 0) return {};
  const unsigned count = (*split)->count;
  const std::string first = set.mains.front(), suffix = split_suffix(1, count);
  if (!first.ends_with(suffix)) return {};
  set.kind = ModelSet::Kind::split;
  for (unsigned no = 2; no <= count; ++no) set.mains.push_back(first.substr(0, first.size() - suffix.size()) + split_suffix(no, count));
  return {};
}

}  // namespace

std::string prefix_of(const std::string& path) { return path.substr(0, path.rfind('/') + 1); }

std::string name_of(const std::string& path) { return path.substr(path.rfind('/') + 1); }

Result<ModelSet> find_set(const std::string& path) {
  if (is_folder(path)) return folder_set(path);
  ModelSet set{.folder = prefix_of(path), .mains = {name_of(path)}};
  const auto source = FileSource::open(path);
  if (!source) return source.error();
  const auto index = formats::read_safetensors_index(**source);
  if (!index) return naming(Result<ModelSet>(index.error()), path);
  if (!index->has_value()) {
    if (auto added = add_split_parts(set, **source); !added) return naming(Result<ModelSet>(added.error()), path);
    return set;
  }
  set.kind = ModelSet::Kind::index;
  set.copied = std::move(set.mains);
  set.mains.clear();
  for (const auto& [shard, tensors] : **index) set.mains.push_back(shard);
  return set;
}

ModelSet set_at(const ModelSet& set, const std::string& path) {
  ModelSet other = set;
  if (set.kind == ModelSet::Kind::folder) {
    other.folder = path.ends_with('/') ? path : path + "/";
    return other;
  }
  other.folder = prefix_of(path);
  if (set.kind == ModelSet::Kind::index) other.copied = {name_of(path)};
  if (set.kind == ModelSet::Kind::file) other.mains = {name_of(path)};
  return other;
}

Result<std::unique_ptr<FileSource>> open_companion(const std::string& main_path, const std::string& name) {
  if (auto checked = formats::check_relative_name(name); !checked) return checked.error();
  const std::string folder = prefix_of(main_path);
  Descriptor at(::open(folder.empty() ? "." : folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  for (std::size_t start = 0; at.get() >= 0;) {
    const std::size_t slash = name.find('/', start);
    const std::string part = name.substr(start, slash - start);
    if (slash == std::string::npos) return FileSource::open_at(at, part, folder + name);
    at = Descriptor(::openat(at.get(), part.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    start = slash + 1;
  }
  return io_error(folder + name, "cannot open a file that the model needs", errno);
}

}  // namespace nnlock::lock
