// A TorchScript archive before LibTorch loads it. Loading runs code of the archive: what it would run is refused here.
#pragma once

#include <c10/core/Device.h>
#include <caffe2/serialize/inline_container.h>
#include <caffe2/serialize/read_adapter_interface.h>
#include <torch/csrc/jit/api/module.h>

#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "checkpoint/mapped_file.hpp"
#include "checkpoint/zip_directory.hpp"

namespace inference_exp::torch_backend {

/// What is in an archive, before any of it is unpacked.
using ScriptRecords = std::map<std::string, checkpoint::ZipEntry, std::less<>>;

/// What makes loading safe, as far as it is: torch::jit::load runs `__setstate__` of classes, evaluates default values
/// and class constants, and makes objects of native classes; an archive with any of these beyond plain literals is
/// refused. Sizes of code, pickles and records are bounded, tensors lie within their records, and both this check and
/// LibTorch read the same mapping of the file with LibTorch's own unpacking, lexer and parser. What stays is trust in
/// LibTorch's parser and compiler.
class ScriptArchive {
 public:
  /// Throws Failure: IEXP_ERROR_UNTRUSTED for an archive that would run something while it is loaded,
  /// IEXP_ERROR_CORRUPTED_PACKAGE for damage and what exceeds every use; Error and c10::Error for damage as well.
  explicit ScriptArchive(const std::string& path);

  /// The checked archive's module; nothing of its own has been run.
  [[nodiscard]] torch::jit::Module load(at::Device device) const;
  /// The text that Ultralytics' export puts beside the network (JSON); empty when there is none.
  [[nodiscard]] const std::string& configuration() const noexcept { return configuration_; }

 private:
  [[nodiscard]] std::string_view unpack(const std::string& name, at::DataPtr& memory) const;
  void check_records() const;
  void check_sum(const std::string& name) const;
  void check_sums_and_code();
  void check_pickle(const std::string& name, const std::string& folder);

  std::shared_ptr<caffe2::serialize::ReadAdapterInterface> bytes_;
  std::span<const std::byte> file_;
  ScriptRecords records_;
  std::unique_ptr<caffe2::serialize::PyTorchStreamReader> reader_;
  std::string configuration_;
};

}  // namespace inference_exp::torch_backend
