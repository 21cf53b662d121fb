// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
#include "cli/options.hpp"

#include <CLI/CLI.hpp>
#include <bit>
#include <charconv>

namespace nnlock::cli {
namespace {

// The value of an option is not what it must be; CLI11 turns this into a usage error that names the option.
[[noreturn]] void refuse(const char* option, const std::string& why) {
  throw CLI::ValidationError(option, why);
}

// "256K", "1M" or plain bytes.
std::uint64_t parse_size(const char* option, const std::string& text) {
  std::uint64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  const std::string unit(rest, end);
  const std::uint64_t scale = unit.empty() ? 1 : unit == "K" ? 1024 : unit == "M" ? 1024 * 1024 : 0;
  if (error != std::errc() || scale == 0 || value > UINT32_MAX)
    refuse(option, "write bytes, or a number with K or M");
  return value * scale;
}

std::array<std::byte, 16> parse_id(const char* option, const std::string& text) {
  std::array<std::byte, 16> id{};
  for (std::size_t i = 0; i < id.size() && text.size() == 2 * id.size(); ++i) {
    unsigned value = 0;
    const char* at = text.data() + 2 * i;
    if (std::from_chars(at, at + 2, value, 16).ptr != at + 2) break;
    id[i] = static_cast<std::byte>(value);
    if (i + 1 == id.size()) return id;
  }
  refuse(option, "write 32 hex digits");
}

void set_suite(Args& args, const std::string& text) {
  args.auto_suite = text == "auto";
  if (text == "chacha20") {
    args.lock.suite = Suite::chacha20;
  } else if (text != "aes256" && text != "auto") {
    refuse("--suite", "write aes256, chacha20 or auto");
  }
}

void set_layout(Args& args, const std::string& text) {
  if (text == "bytes") {
    args.lock.layout = LayoutChoice::bytes;
  } else if (text != "auto") {
    refuse("--layout", "write auto or bytes");
  }
}

void set_chunk(Args& args, const std::string& text) {
  const std::uint64_t size = parse_size("--chunk", text);
  if (!std::has_single_bit(size) || size < 64 * 1024 || size > 16 * 1024 * 1024) {
    refuse("--chunk", "write a power of two from 64K to 16M");
  }
  args.lock.chunk_log2 = static_cast<std::uint8_t>(std::countr_zero(size));
}

void set_room(Args& args, const std::string& text) {
  const std::uint64_t size = parse_size("--room", text);
  if (size < 64 || size > 1024 * 1024) refuse("--room", "write a size from 64 to 1M");
  args.lock.slot_bytes = static_cast<std::uint32_t>(size);
}

Family& made(std::optional<Family>& family) { return family ? *family : family.emplace(); }

template <class Function>
CLI::Option* add_text(CLI::App& app, const char* names, const char* value, const char* help, Function set) {
  return app.add_option_function<std::string>(names, set, help)->option_text(value);
}

void add_key(CLI::App& app, Args& args) {
  app.add_option("-k,--key", args.key, "Key file; without it NNLOCK_KEY_FILE names one")
      ->option_text("KEY")
      ->envname("NNLOCK_KEY_FILE")
      ->required();
}

void add_model(CLI::App& app, Args& args, const char* help) {
  app.add_option("MODEL", args.model, help)->option_text(" ")->required();
}

void add_output(CLI::App& app, Args& args, bool& force) {
  app.add_option("-o,--output", args.output, "File to write; appears only when complete")
      ->option_text("OUT")
      ->required();
  app.add_flag("--force", force, "Replace OUT if it exists");
}

void add_work(CLI::App& app, Args& args, unsigned& threads) {
  app.add_option("--threads", threads, "Threads to use; default: all cores")
      ->option_text("N")
      ->check(CLI::Range(0, 1024));
  app.add_flag("-q,--quiet", args.quiet, "No success message and no progress line");
}

void add_globs(CLI::App& app, const char* name, std::vector<std::string>& globs, const char* help) {
  app.add_option(name, globs, help)->option_text("GLOB")->allow_extra_args(false);
}

void add_json(CLI::App& app, Args& args) { app.add_flag("--json", args.json, "Print JSON; its keys stay as they are"); }

void add_read_sidecar(CLI::App& app, Args& args) {
  app.add_option("--sidecar", args.unlock.sidecar_path, "Record file; default: MODEL.nnlock if it exists")
      ->option_text("FILE");
}

// What a reader may demand of a lock beyond being whole (spec/lock-v1.md section 8, step 7).
void add_demands(CLI::App& app, Args& args) {
  UnlockOptions& to = args.unlock;
  add_text(app, "--expect-lock-id", "HEX32", "Refuse any other lock than this one",
           [&to](const std::string& text) { to.expected_lock_id = parse_id("--expect-lock-id", text); });
  CLI::Option* family =
      add_text(app, "--family", "HEX32", "Refuse models of another family",
               [&to](const std::string& text) { made(to.least_family).id = parse_id("--family", text); });
  app.add_option_function<std::uint64_t>(
         "--least-version", [&to](std::uint64_t n) { made(to.least_family).version = n; },
         "Refuse older versions of the family")
      ->option_text("N")
      ->needs(family);
}

// The parts of a reading command that need a key.
void add_reading(CLI::App& app, Args& args) {
  add_model(app, args, "Locked model: a file, index or folder");
  add_key(app, args);
  add_read_sidecar(app, args);
  add_demands(app, args);
  add_work(app, args, args.unlock.threads);
}

void add_lock_choice(CLI::App& app, LockOptions& to) {
  add_globs(app, "--include", to.include, "Lock only tensors whose name matches; may be repeated");
  add_globs(app, "--exclude", to.exclude, "Leave these readable (still authenticated); may be repeated");
  app.add_flag("--allow-plain", to.allow_plain, "Accept learned tensors that cannot be locked in place");
}

void add_lock_record(CLI::App& app, LockOptions& to) {
  // "--sidecar FILE" would be ambiguous beside MODEL: the value of an optional value stands behind "=".
  app.add_flag("--sidecar")
      ->description("Record into a file of its own; default: OUT.nnlock")
      ->option_text("[=FILE]")
      ->each([&to](const std::string& text) {
        to.sidecar = true;
        if (text != "true") to.sidecar_path = text;  // CLI11's word for a flag without a value
      });
  app.add_flag("--hint", to.fingerprint_hint, "Write the fingerprint of the key into the record");
  CLI::Option* family =
      add_text(app, "--family", "HEX32", "Make this a version of a family of models",
               [&to](const std::string& text) { made(to.family).id = parse_id("--family", text); });
  CLI::Option* number = app.add_option_function<std::uint64_t>(
      "--family-version", [&to](std::uint64_t n) { made(to.family).version = n; },
      "Its version, counted upwards");
  number->option_text("N")->needs(family);
  family->needs(number);
}

void add_lock_cipher(CLI::App& app, Args& args) {
  add_text(app, "--layout", "NAME", "auto (default): floats stay finite, integers in range; bytes: neither",
           [&args](const std::string& text) { set_layout(args, text); });
  add_text(app, "--suite", "NAME", "aes256 (default), chacha20, or auto: the faster one here",
           [&args](const std::string& text) { set_suite(args, text); });
  add_text(app, "--chunk", "SIZE", "Unit of checking, 64K to 16M; default 256K",
           [&args](const std::string& text) { set_chunk(args, text); });
  add_text(app, "--room", "BYTES", "Room for later recipients, 64 to 1M; default 1K",
           [&args](const std::string& text) { set_room(args, text); });
}

}  // namespace

void add_keygen_options(CLI::App& app, Args& args) {
  app.add_option("-o,--output", args.output, "File to write, never overwritten; default: standard output")
      ->option_text("KEY");
}

void add_lock_options(CLI::App& app, Args& args) {
  add_model(app, args, "Plain model: a file, index or folder; see nnlock formats");
  add_key(app, args);
  add_output(app, args, args.lock.force);
  add_lock_choice(app, args.lock);
  add_lock_record(app, args.lock);
  add_lock_cipher(app, args);
  add_work(app, args, args.lock.threads);
}

void add_unlock_options(CLI::App& app, Args& args) {
  add_reading(app, args);
  add_output(app, args, args.unlock.force);
  app.add_flag("--decoy", args.unlock.decoy, "Evaluation only: with a wrong key, write what it gives");
}

void add_verify_options(CLI::App& app, Args& args) { add_reading(app, args); }

void add_inspect_options(CLI::App& app, Args& args) {
  add_model(app, args, "Model, plain or locked");
  add_read_sidecar(app, args);
  add_json(app, args);
}

void add_exec_options(CLI::App& app, Args& args) { add_reading(app, args); }

void add_formats_options(CLI::App& app, Args& args) { add_json(app, args); }

void add_doctor_options(CLI::App& app, Args& args) { add_json(app, args); }

}  // namespace nnlock::cli
