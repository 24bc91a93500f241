#include <iostream>
#include <span>
#include <sstream>
#include <string>
#include <vector>

#include "commands.hpp"
#include "download_bar.hpp"
#include "inference_exp/hub.hpp"
#include "inference_exp/serialization.hpp"
#include "text_table.hpp"

namespace inference_exp::cli {

ExitCode run(const ExplainArguments& arguments) {
  const Decision decision = negotiate_model(arguments.model, arguments.load);
  if (arguments.json) {
    std::cout << to_json(decision) << '\n';
    return ExitCode::ok;
  }
  std::istringstream text(explain(decision));
  for (std::string line; std::getline(text, line);) std::cout << printable(line) << '\n';
  return ExitCode::ok;
}

ExitCode run(const ModelsArguments& arguments) {
  const std::vector<RegisteredModel> models = registered_models();
  if (arguments.json) {
    std::cout << to_json(std::span<const RegisteredModel>(models)) << '\n';
    return ExitCode::ok;
  }
  TextTable table({{"MODEL"}, {"TASK"}, {"ARCHITECTURE"}, {"LICENCE"}, {"API KEY"}});
  for (const RegisteredModel& model : models) {
    table.add({model.id, model.task, model.architecture, model.license, model.open ? "not needed" : "needed"});
  }
  table.print(std::cout);
  return ExitCode::ok;
}

ExitCode run(const PullArguments& arguments) {
  finish_on_interrupt();
  const PulledModel pulled = [&] {
    DownloadBar bar;
    return pull_model(arguments.model, bar.attached_to(arguments.load));
  }();
  if (arguments.json) {
    std::cout << to_json(pulled) << '\n';
    return ExitCode::ok;
  }
  print_facts(std::cout, {{"model", pulled.model_id},
                          {"package", pulled.package_id},
                          {"folder", pulled.folder.string()},
                          {"size", size_text(pulled.bytes)}});
  return ExitCode::ok;
}

}  // namespace inference_exp::cli
