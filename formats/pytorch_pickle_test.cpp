// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Pickles read without running them: names of tensors in nested containers, and every opcode that PyTorch's picklers write.

#include "formats/pytorch_pickle.hpp"

#include <algorithm>

#include "formats/pytorch_testing.hpp"

namespace nnlock::formats {
namespace {

using malformed::class_of;
using malformed::tensor;
using malformed::unicode;
using malformed::whole_pickle;

constexpr const char* kNoName = "(none)";
constexpr std::uint64_t kMost = 1 << 20;  // bytes

// The names of the tensors on the storages of a pickle, in their order.
std::vector<std::string> names_in(const std::string& text) {
  const auto storages = pytorch::read_pickle(bytes_of(text), kMost);
  EXPECT_TRUE(storages) << storages.error().message << " at " << storages.error().offset.value_or(0);
  std::vector<std::string> names;
  if (storages)
    for (const pytorch::Storage& storage : *storages) names.push_back(storage.names.empty() ? kNoName : storage.names.front());
  return names;
}

std::string small(const std::string& key) { return tensor({"FloatStorage", key, 1, {1}, {1}}); }

using Names = std::vector<std::string>;

TEST(PytorchPickle, NamesArePathsOfKeys) {
  EXPECT_EQ(names_in(whole_pickle(small("0"))), Names{kNoName});
  EXPECT_EQ(names_in(whole_pickle("}" + unicode("w") + small("0") + "s")), Names{"w"});
  EXPECT_EQ(names_in(whole_pickle("}(" + unicode("a") + "}(" + unicode("b") + small("0") + "u" + unicode("c") + "](" + small("1") + small("2") + "eu")),
            (Names{"a.b", "c.0", "c.1"}));
  EXPECT_EQ(names_in(whole_pickle("]" + small("0") + "a" + small("1") + "a")), (Names{"0", "1"}));
  EXPECT_EQ(names_in(whole_pickle("}(" + unicode("state") + "}(K\x07" + small("0") + "uu")), Names{"state.7"});
  EXPECT_EQ(names_in(whole_pickle("}" + unicode("pair") + small("0") + small("1") + "\x86s")), (Names{"pair.0", "pair.1"}));
}

TEST(PytorchPickle, ModulesShowTheirParameters) {
  const std::string parameter = class_of("torch._utils", "_rebuild_parameter") + "(" + small("0") + "\x88" + malformed::ordered_dict() + "tR";
  const std::string inner = class_of("torch.nn", "Linear") + ")\x81}(" + unicode("_parameters") + "}(" + unicode("weight") + parameter + "uub";
  const std::string outer = class_of("__main__", "Net") + ")\x81}(" + unicode("_modules") + "}(" + unicode("fc") + inner + "uub";
  EXPECT_EQ(names_in(whole_pickle(outer)), Names{"fc.weight"});
}

TEST(PytorchPickle, WrappedTensorsAreFound) {
  const std::string subclass = class_of("torch._tensor", "_rebuild_from_type_v2") + "(" + class_of("torch._utils", "_rebuild_tensor_v2") +
                               class_of("torch", "Sub") + "(" + malformed::storage("FloatStorage", "0", 1) + "K\0" + std::string(1, '\0') + "tNtR";
  EXPECT_FALSE(pytorch::read_pickle(bytes_of(whole_pickle("}" + unicode("w") + subclass + "s")), kMost));  // its arguments are cut
  const std::string args = "(" + malformed::storage("FloatStorage", "0", 1) + malformed::integer(0) + malformed::sizes({1}) + malformed::sizes({1}) + "t";
  const std::string whole = class_of("torch._tensor", "_rebuild_from_type_v2") + "(" + class_of("torch._utils", "_rebuild_tensor_v2") +
                            class_of("torch", "Sub") + args + "NtR";
  EXPECT_EQ(names_in(whole_pickle("}" + unicode("w") + whole + "s")), Names{"w"});
  const std::string list = class_of("torch.jit._pickle", "restore_type_tag") + "](" + small("0") + "e" + unicode("List[Tensor]") + "\x86R";
  EXPECT_EQ(names_in(whole_pickle("}" + unicode("w") + list + "s")), Names{"w.0"});
}

TEST(PytorchPickle, TheFirstHolderNamesAnObject) {
  const std::string shared = "}(" + unicode("a") + small("0") + "q" + std::string(1, '\0') + unicode("b") + "h" + std::string(1, '\0') + "u";
  EXPECT_EQ(names_in(whole_pickle(shared)), Names{"a"});
}

TEST(PytorchPickle, CirclesHaveNoName) {
  const std::string zero(1, '\0');
  const std::string circle = "}q" + zero + "(" + unicode("a") + "}(" + unicode("up") + "h" + zero + unicode("w") + small("0") + "uu";
  EXPECT_EQ(names_in(whole_pickle(circle)), Names{kNoName});
}

TEST(PytorchPickle, LongAndDeepNamesAreLeftOut) {
  EXPECT_EQ(names_in(whole_pickle("}" + unicode(std::string(1 << 20, 'n')) + small("0") + "s")), Names{kNoName});
  std::string deep = small("0");
  for (int i = 0; i < 1000; ++i) deep = "}" + unicode("d") + deep + "s";
  EXPECT_EQ(names_in(whole_pickle(deep)), Names{kNoName});
}

TEST(PytorchPickle, ReadsTheOpcodesOfAllProtocols) {
  const std::string zero(1, '\0');
  const std::string four = std::string("\x80\x04\x95") + std::string(8, '\0');  // protocol and frame
  const std::string text = four + "}\x94\x8c\x01" "a\x94" + "\x8c\x0b" "collections\x94\x8c\x0bOrderedDict\x94\x93)R\x94s\x8c\x01w" + small("0") + "s.";
  EXPECT_EQ(names_in(text), Names{"w"});
  for (const std::string& value :
       {std::string("N"), std::string("\x88"), std::string("J\1\2\3\4"), std::string("M\1\2"), "G" + std::string(8, 'f'), std::string("\x8a\x02\1\2"),
        "\x8b" + malformed::little(9, 4) + std::string(9, '\xff'), "T" + malformed::little(1, 4) + "x", std::string("U\1x"), "B" + malformed::little(1, 4) + "x",
        std::string("C\1x"), "\x8d" + malformed::little(1, 8) + "x", "\x8e" + malformed::little(1, 8) + "x", "\x96" + malformed::little(1, 8) + "x",
        std::string("\x8f(N\x90"), std::string("(N\x91"), std::string("N2\x86"), std::string("NN0"), std::string("N(NN1"), std::string("N(0"),
        std::string("N(Nt0"), class_of("a", "B") + ")}\x92", std::string(")\x85\x85"), std::string("NNN\x87"), "Nr" + malformed::little(0, 4) + "0j" + malformed::little(0, 4)})
    EXPECT_EQ(names_in(whole_pickle("}(" + unicode("v") + value + unicode("w") + small("0") + "u")), Names{"w"}) << value;
}

TEST(PytorchPickle, IntegersOfAllWidthsDescribeATensor) {
  const auto described = [](const std::string& three) {
    const std::string text = class_of("torch._utils", "_rebuild_tensor") + "((" + unicode("storage") + class_of("torch", "FloatStorage") + unicode("0") +
                             unicode("cuda:0") + three + "tQK" + std::string(1, '\0') + "(" + three + "t(K\x01ttR";
    const auto storages = pytorch::read_pickle(bytes_of(whole_pickle(text)), kMost);
    return storages && storages->size() == 1 && storages->front().elements == 3 && storages->front().shape == std::vector<std::uint64_t>{3};
  };
  for (const std::string& three : {std::string("K\3"), std::string("M\3\0", 3), std::string("J\3\0\0\0", 5), std::string("\x8a\1\3"), "\x8b" + malformed::little(1, 4) + "\3"})
    EXPECT_TRUE(described(three));
  EXPECT_FALSE(described("\x8a\1\xff"));
}

}  // namespace
}  // namespace nnlock::formats
