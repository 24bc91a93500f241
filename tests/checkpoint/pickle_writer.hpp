// Pickles and legacy checkpoints, opcode by opcode, to say what no Python would.
#pragma once

#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <string>
#include <string_view>

namespace inference_exp::testing {

template <typename T>
std::string little_endian(T value) {
  std::string bytes(sizeof value, '\0');
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}

namespace pickle {

inline std::string text(std::string_view value) {
  return "X" + little_endian(static_cast<std::uint32_t>(value.size())) + std::string(value);
}
inline std::string integer(std::int64_t value) { return "\x8a\x08" + little_endian(value); }
inline std::string global(const std::string& module, const std::string& name) {
  return "c" + module + "\n" + name + "\n";
}
inline std::string integers(std::initializer_list<std::int64_t> values) {
  std::string pickled = "(";
  for (const std::int64_t value : values) pickled += integer(value);
  return pickled + "t";
}
inline std::string list(std::initializer_list<std::string> items) {
  std::string pickled = "](";
  for (const std::string& item : items) pickled += item;
  return pickled + "e";
}
inline std::string put(int slot) { return std::string("q") + static_cast<char>(slot); }
inline std::string get(int slot) { return std::string("h") + static_cast<char>(slot); }
inline std::string repeated(std::size_t times, const std::string& piece) {
  std::string all;
  all.reserve(times * piece.size());
  for (std::size_t i = 0; i < times; ++i) all += piece;
  return all;
}

inline std::string storage(std::string_view key, std::int64_t elements, const std::string& type = "FloatStorage") {
  return "(" + text("storage") + global("torch", type) + text(key) + text("cpu") + integer(elements) + "NtQ";
}
inline std::string tensor(const std::string& storage, std::initializer_list<std::int64_t> shape,
                          std::initializer_list<std::int64_t> strides, std::int64_t offset = 0) {
  return global("torch._utils", "_rebuild_tensor_v2") + "(" + storage + integer(offset) + integers(shape) +
         integers(strides) + "\x89NtR";
}
inline std::string whole(const std::string& body) { return "\x80\x02" + body + "."; }

}  // namespace pickle

inline std::string legacy_checkpoint(const std::string& root, const std::string& storages,
                                     const std::string& system = "}",
                                     const std::string& keys = pickle::list({pickle::text("0")})) {
  const std::string magic = "\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";
  return pickle::whole(magic) + pickle::whole("M\xe9\x03") + pickle::whole(system) + pickle::whole(root) +
         pickle::whole(keys) + storages;
}

/// The only storage of such a file: `elements` floats that are zero.
inline std::string zeros(std::int64_t elements) {
  return little_endian(elements) + std::string(static_cast<std::size_t>(elements) * sizeof(float), '\0');
}

}  // namespace inference_exp::testing
