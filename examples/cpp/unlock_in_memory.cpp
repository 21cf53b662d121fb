// Opens a locked model in memory: examples/cpp/unlock_in_memory KEY MODEL
#include <cstdio>
#include <nnlock/lock.hpp>

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const auto key = nnlock::MasterKey::read_file(argv[1]);
  if (!key) return std::fprintf(stderr, "%s\n", key.error().message.c_str()), 1;
  const auto model = nnlock::unlock_to_memory(*key, argv[2], {});
  if (!model) return std::fprintf(stderr, "%s\n", model.error().message.c_str()), 1;
  std::printf("%zu bytes, ready for a runtime that loads from memory\n", model->bytes().size());
}  // the plain model is wiped here
