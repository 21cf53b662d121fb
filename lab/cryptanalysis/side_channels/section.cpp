// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lab/cryptanalysis/side_channels/section.hpp"

#include "lab/report/figures.hpp"

namespace nnlock::lab {
namespace {

const std::vector<std::string> kKinds = {"master_key", "file_key", "subkeys", "expanded_subkeys", "weights", "aes_256_schedules", "aes_128_schedules"};

bool found(const Record& record, std::size_t step, const std::string& kind) { return record.at("outcome.steps." + std::to_string(step) + ".found." + kind).flag(); }

}  // namespace

void report_memory_search(const RecordSet& records, Page& page) {
  Table table{.columns = {"model", "kernel", "step", "master key", "file key", "subkeys", "expanded subkeys", "weights", "AES-256 schedules", "AES-128 schedules", "record"}, .rows = {}};
  std::size_t closed = 0, clean = 0, controls = 0;
  for (const Record& record : records)
    for (std::size_t i = 0; i < record.size("outcome.steps"); ++i) {
      const std::string& step = record.text("outcome.steps." + std::to_string(i) + ".step");
      std::vector<std::string> row = {record.model(), record.text("attack.budget.kernel"), step};
      std::size_t kinds = 0;
      for (const std::string& kind : kKinds) {
        kinds += found(record, i, kind);
        row.push_back(found(record, i, kind) ? "found" : "–");
      }
      row.push_back(page.link(record));
      table.rows.push_back(std::move(row));
      if (step == "closed") ++closed, clean += kinds == 0;
      if (step == "not wiped") controls += kinds == kKinds.size();
    }
  page.list({"After closing, nothing of it is found in " + std::to_string(clean) + " of " + counted(closed, "run") + "; where the same is left unwiped, all of it is found in " +
             std::to_string(controls) + "."});
  page.paragraph("A program unlocks the model into memory with two threads, closes model and key, and stands still; its memory is read from outside at each step. Of keys both halves are looked for, of expanded keys 64 bytes "
                 "in each layout that a kernel has, of tensors 48 bytes each, and schedules by the recurrence of FIPS 197 at every fourth byte, whatever the key. *not wiped*: one piece of each kind in a block that was freed; it shows that "
                 "the search sees such. What the search does not know is not looked for: inner states of HKDF and HMAC, registers, what the kernel of the system keeps.");
  page.paragraph("Branches and addresses of the kernels (Valgrind, with keys and weights undefined) and their times (Welch's t-test) are measured by the slow lane `side-channels`; its last result, with what it does not cover, "
                 "is tests/slow/side-channels.txt.");
  page.table(table);
}

}  // namespace nnlock::lab
