// Runs the program of download_helper.cpp.
#pragma once

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>

#include <csignal>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

extern char** environ;

namespace inference_exp::hub {

class DownloadProcess {
 public:
  explicit DownloadProcess(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), INFERENCE_EXP_DOWNLOAD_HELPER);
    std::vector<char*> pointers;
    for (std::string& argument : arguments) pointers.push_back(argument.data());
    pointers.push_back(nullptr);
    if (::posix_spawn(&id_, pointers[0], nullptr, nullptr, pointers.data(), environ) != 0) {
      throw std::runtime_error("The helper program can't be started.");
    }
  }
  DownloadProcess(DownloadProcess&& other) noexcept : id_(std::exchange(other.id_, 0)) {}
  DownloadProcess& operator=(DownloadProcess&&) = delete;
  DownloadProcess(const DownloadProcess&) = delete;
  DownloadProcess& operator=(const DownloadProcess&) = delete;
  ~DownloadProcess() {
    if (id_ == 0) return;
    kill();
    (void)wait();
  }

  void kill() const { ::kill(id_, SIGKILL); }
  /// Its exit status; -1 when it was killed.
  int wait() {
    int status = 0;
    while (::waitpid(id_, &status, 0) < 0) continue;
    id_ = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

 private:
  pid_t id_ = 0;
};

}  // namespace inference_exp::hub
