// A file descriptor that is closed at the end.
#pragma once

#include <unistd.h>

namespace inference_exp::hub {

struct Descriptor {
  explicit Descriptor(int opened) noexcept : value(opened) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (value >= 0) ::close(value);
  }
  int value;  ///< negative: the file could not be opened
};

}  // namespace inference_exp::hub
