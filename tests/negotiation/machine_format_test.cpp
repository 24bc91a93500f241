// The recorded machines are what the program would print.
#include <gtest/gtest.h>

#include "inference_exp/serialization.hpp"
#include "negotiation/machine_descriptions.hpp"

namespace inference_exp::testing {
namespace {

TEST(RecordedMachines, AreInTheFormatThatTheProgramPrints) {
  for (const char* name : {"tesla_t4", "l4", "jetson_orin", "cpu_only"}) {
    const std::string printed = to_json(recorded_machine(name));
    EXPECT_EQ(parse_json(printed, name), recorded_json(name)) << printed;
  }
}

}  // namespace
}  // namespace inference_exp::testing
