// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// nnlock unlock: a locked model becomes a plain file again, byte for byte.
#include "cli/commands.hpp"
#include "cli/ui.hpp"

namespace nnlock::cli {

int run_unlock(const Args& args) {
  if (auto ok = check_model_name(args.model); !ok) return fail(ok.error());
  if (auto ok = check_output_name(args.output, {args.key, args.unlock.sidecar_path, args.model + ".nnlock"});
      !ok)
    return fail(ok.error());
  auto key = read_key(args.key);
  if (!key) return fail(key.error());
  UnlockOptions options = args.unlock;
  auto report = [&] {
    ProgressLine progress("unlocking " + args.model, args.quiet);
    options.progress = progress.callback();
    return unlock_file(*key, args.model, args.output, options);
  }();
  if (!report) return fail(report.error(), args.model);
  if (!report->key_fits) {
    warn(args.output + " is a decoy: the key does not fit, its tensors hold unrelated bytes",
         "use the key this model was locked with to get the model");
  }
  if (!args.quiet) {
    say(std::string(report->key_fits ? "unlocked " : "wrote a decoy of ") + std::to_string(report->params) +
        (report->params == 1 ? " tensor, " : " tensors, ") + grouped(report->bytes) + " bytes" +
        files_text(*report) + " -> " +
        args.output);
  }
  return 0;
}

}  // namespace nnlock::cli
