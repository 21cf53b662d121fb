// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// nnlock lock: a plain model becomes a locked one.
#include <algorithm>

#include "cli/commands.hpp"
#include "cli/ui.hpp"
#include "nnlock/doctor.hpp"

namespace nnlock::cli {
namespace {

// AES where this CPU has instructions for it: without them ChaCha20 is the faster suite.
Suite fastest_suite() {
  for (const KernelInfo& kernel : machine_info().kernels) {
    const bool portable = kernel.name.find("portable") != std::string::npos;
    if (kernel.suite == Suite::aes256 && kernel.runnable && !portable) return Suite::aes256;
  }
  return Suite::chacha20;
}

std::string summary(const LockReport& report, const std::string& output) {
  std::string text = "locked " + std::to_string(report.params) +
                     (report.params == 1 ? " tensor, " : " tensors, ") +
                     percent(report.locked_bytes, report.locked_bytes + report.plain_bytes) + " of " +
                     grouped(report.locked_bytes + report.plain_bytes) + " learned bytes -> " + output;
  if (report.files > 1) text += ", " + std::to_string(report.files) + " files";
  if (report.copied_files > 0) text += ", " + std::to_string(report.copied_files) + " copied as they are";
  if (!report.sidecar_path.empty()) text += ", record -> " + report.sidecar_path;
  return text;
}

std::string nan_text(const std::vector<std::string>& names) {
  constexpr std::size_t shown = 3;
  std::string text = names.size() == 1 ? "1 tensor holds NaN or infinity and is"
                                       : std::to_string(names.size()) + " tensors hold NaN or infinity and are";
  text += " locked byte by byte: ";
  for (std::size_t i = 0; i < std::min(shown, names.size()); ++i) text += (i == 0 ? "" : ", ") + names[i];
  return names.size() > shown ? text + " and " + std::to_string(names.size() - shown) + " more" : text;
}

void say_result(const LockReport& report, const std::string& output) {
  say(summary(report, output));
  say("lock id " + hex(report.lock_id));
  if (!report.fallen_back.empty()) say(nan_text(report.fallen_back));
}

}  // namespace

int run_lock(const Args& args) {
  if (auto ok = check_model_name(args.model); !ok) return fail(ok.error());
  if (auto ok = check_output_name(args.output, {args.key}); !ok) return fail(ok.error());
  if (args.lock.sidecar) {
    if (auto ok = check_output_name(args.lock.sidecar_path, {args.key}); !ok) return fail(ok.error());
  }
  auto key = read_key(args.key);
  if (!key) return fail(key.error());
  LockOptions options = args.lock;
  if (args.auto_suite) options.suite = fastest_suite();
  auto report = [&] {
    ProgressLine progress("locking " + args.model, args.quiet);
    options.progress = progress.callback();
    return lock_file(*key, args.model, args.output, options);
  }();
  if (!report) return fail(report.error(), args.model);
  if (!args.quiet) say_result(*report, args.output);
  return 0;
}

}  // namespace nnlock::cli
