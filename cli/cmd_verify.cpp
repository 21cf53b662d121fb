// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// nnlock verify: everything unlock checks, and nothing written.
#include "cli/commands.hpp"
#include "cli/ui.hpp"

namespace nnlock::cli {

int run_verify(const Args& args) {
  if (auto ok = check_model_name(args.model); !ok) return fail(ok.error());
  auto key = read_key(args.key);
  if (!key) return fail(key.error());
  UnlockOptions options = args.unlock;
  auto report = [&] {
    ProgressLine progress("verifying " + args.model, args.quiet);
    options.progress = progress.callback();
    return verify_file(*key, args.model, options);
  }();
  if (!report) return fail(report.error(), args.model);
  if (!args.quiet) {
    say("verified " + args.model + ": " + std::to_string(report->params) +
        (report->params == 1 ? " tensor, " : " tensors, ") + grouped(report->bytes) + " bytes" +
        files_text(*report) + ", lock id " +
        hex(report->lock_id));
  }
  return 0;
}

}  // namespace nnlock::cli
