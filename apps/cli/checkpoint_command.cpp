#include <iostream>
#include <nlohmann/json.hpp>
#include <string>

#include "commands.hpp"
#include "inference_exp/checkpoint.hpp"
#include "text_table.hpp"

namespace inference_exp::cli {

namespace {

std::string shape_text(const CheckpointTensor& tensor) {
  std::vector<std::string> dims;
  for (const std::int64_t dim : tensor.shape) dims.push_back(std::to_string(dim));
  return "[" + joined(dims) + "]";
}

void print_json(const CheckpointDescription& checkpoint) {
  nlohmann::ordered_json tensors = nlohmann::ordered_json::array();
  for (const CheckpointTensor& tensor : checkpoint.tensors) {
    tensors.push_back(
        {{"name", tensor.name}, {"dtype", tensor.dtype}, {"shape", tensor.shape}, {"bytes", tensor.bytes}});
  }
  const nlohmann::ordered_json all{{"format", checkpoint.format},
                                   {"bytes", checkpoint.bytes},
                                   {"tensors", std::move(tensors)},
                                   {"data", nlohmann::ordered_json::parse(checkpoint.data)}};
  std::cout << all.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) << '\n';
}

void print(const CheckpointDescription& checkpoint) {
  TextTable table({{"tensor"}, {"dtype"}, {"shape"}, {"bytes", TextTable::Align::right}});
  for (const CheckpointTensor& tensor : checkpoint.tensors) {
    table.add({tensor.name, tensor.dtype, shape_text(tensor), std::to_string(tensor.bytes)});
  }
  table.print(std::cout);
  print_facts(std::cout, {{"format", checkpoint.format},
                          {"tensors", std::to_string(checkpoint.tensors.size())},
                          {"size", size_text(checkpoint.bytes)}});
}

}  // namespace

ExitCode run(const CheckpointArguments& arguments) {
  const CheckpointDescription checkpoint = describe_checkpoint(arguments.file);
  if (arguments.json) {
    print_json(checkpoint);
  } else {
    print(checkpoint);
  }
  return ExitCode::ok;
}

}  // namespace inference_exp::cli
