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
  if (!report.sidecar_path.empty()) text += ", record -> " + report.sidecar_path;
  return text;
}

// Bytes of a number that layout `finite` fits; 0 for other types.
std::uint64_t float_bytes(Dtype dtype) {
  switch (dtype) {
    case Dtype::f16:
    case Dtype::bf16: return 2;
    case Dtype::f32:
    case Dtype::complex64: return 4;
    case Dtype::f64:
    case Dtype::complex128: return 8;
    default: return 0;
  }
}

// After locking with LayoutChoice::automatic, whole floats are in layout `bytes` for one reason only.
std::vector<std::string> tensors_with_nan(const ModelInfo& model) {
  std::vector<std::string> names;
  for (const TensorInfo& tensor : model.params) {
    const std::uint64_t width = float_bytes(tensor.dtype);
    if (tensor.layout == "bytes" && width != 0 && tensor.length % width == 0) names.push_back(tensor.name);
  }
  return names;
}

std::string nan_text(const std::vector<std::string>& names) {
  constexpr std::size_t shown = 3;
  std::string text = names.size() == 1 ? "1 tensor holds NaN or infinity and is"
                                       : std::to_string(names.size()) + " tensors hold NaN or infinity and are";
  text += " locked byte by byte: ";
  for (std::size_t i = 0; i < std::min(shown, names.size()); ++i) text += (i == 0 ? "" : ", ") + names[i];
  return names.size() > shown ? text + " and " + std::to_string(names.size() - shown) + " more" : text;
}

void say_result(const LockReport& report, const Args& args) {
  say(summary(report, args.output));
  say("lock id " + hex(report.lock_id));
  if (args.lock.layout != LayoutChoice::automatic || report.layouts.bytes == 0) return;
  const auto model = inspect_file(args.output, report.sidecar_path);
  const auto names = model ? tensors_with_nan(*model) : std::vector<std::string>();
  if (!names.empty()) say(nan_text(names));
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
  if (!args.quiet) say_result(*report, args);
  return 0;
}

}  // namespace nnlock::cli
