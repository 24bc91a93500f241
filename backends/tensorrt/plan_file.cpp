#include "plan_file.hpp"

#include <cstdint>
#include <filesystem>
#include <fstream>

#include "common/failure.hpp"

namespace inference_exp::tensorrt {

namespace fs = std::filesystem;

namespace {

[[noreturn]] void refuse(const std::string& message) {
  throw backend::Failure(IEXP_ERROR_CORRUPTED_PACKAGE, message, "Download or compile the package again, complete.");
}

std::size_t checked_size(const std::string& name, std::size_t max_bytes) {
  std::error_code error;
  const fs::file_status status = fs::status(name, error);
  if (!fs::exists(status)) refuse("The engine file " + name + " is missing.");
  if (!fs::is_regular_file(status)) refuse(name + " is not a regular file.");
  const std::uintmax_t size = fs::file_size(name, error);
  if (error) refuse("The engine file " + name + " cannot be read: " + error.message() + ".");
  if (size == 0) refuse("The engine file " + name + " is empty.");
  if (size > max_bytes) {
    refuse("The engine file " + name + " is " + std::to_string(size) + " bytes large; the limit is " +
           std::to_string(max_bytes) + ".");
  }
  return static_cast<std::size_t>(size);
}

}  // namespace

std::vector<std::byte> read_plan(const char* file, std::size_t max_bytes) {
  if (file == nullptr || *file == '\0') {
    throw backend::Failure(IEXP_ERROR_INVALID_PARAMETER, "No engine file is named.");
  }
  const std::string name = file;
  std::vector<std::byte> plan(checked_size(name, max_bytes));
  std::ifstream stream(name, std::ios::binary);
  stream.read(reinterpret_cast<char*>(plan.data()), static_cast<std::streamsize>(plan.size()));
  if (!stream) refuse("The engine file " + name + " cannot be read whole.");
  return plan;
}

}  // namespace inference_exp::tensorrt
