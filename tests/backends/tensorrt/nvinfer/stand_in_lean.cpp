// A lean TensorRT: it runs engines and builds none.
#include <cstdint>

extern "C" {

__attribute__((visibility("default"))) std::int32_t getInferLibVersion() noexcept { return 100300; }

__attribute__((visibility("default"))) void* createInferRuntime_INTERNAL(void* /*logger*/,
                                                                         std::int32_t /*version*/) noexcept {
  return nullptr;
}
}
