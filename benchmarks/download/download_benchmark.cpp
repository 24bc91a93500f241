// The downloader, with both hashes, against `curl -o`, from a server on this machine.
//
//   bench_download FOLDER [MEGABYTES [ROUNDS]]
//
// Server, downloader and curl are processes of their own; rounds alternate between the two, and between a server that
// serves ranges and one that does not. Prints the median of each, the ratio of speeds, and by how much the downloader's
// memory grew at most. curl does not flush what it writes to the disk, the downloader does: the third figure is curl
// followed by a flush of the file.
#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "hub/downloader.hpp"
#include "hub/hashing.hpp"
#include "support/http_server.hpp"
#include "support/median.hpp"

extern char** environ;

namespace fs = std::filesystem;
namespace hub = inference_exp::hub;
namespace web = inference_exp::testing;

namespace {

using Clock = std::chrono::steady_clock;

long peak_memory_kilobytes() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

/// A child that serves `file` until its standard input ends; its port comes on standard output.
int serve(const fs::path& file) {
  web::HttpServer server;
  server.on("/ranges", web::serve_file(web::file_content(file)));
  server.on("/stream", web::serve_without_ranges(web::file_content(file)));
  std::cout << server.url() << std::endl;  // NOLINT(performance-avoid-endl): the parent waits for it
  std::string line;
  while (std::getline(std::cin, line)) continue;
  return EXIT_SUCCESS;
}

/// A child that downloads; the growth of its memory goes to a file beside the target.
int fetch(const std::string& url, const fs::path& target, const std::string& md5) {
  const auto client = hub::make_curl_client();
  const hub::DownloadTask task{.handle = "weights", .url = url, .target = target, .md5 = md5};
  const long before = peak_memory_kilobytes();
  (void)hub::download_files(*client, std::span(&task, 1), {});
  std::ofstream(target.string() + ".growth") << peak_memory_kilobytes() - before;
  return EXIT_SUCCESS;
}

pid_t start(std::vector<std::string> arguments, const posix_spawn_file_actions_t* actions = nullptr) {
  std::vector<char*> pointers;
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  pid_t id = 0;
  if (::posix_spawnp(&id, pointers[0], actions, nullptr, pointers.data(), environ) != 0) {
    throw std::runtime_error("cannot start " + arguments[0]);
  }
  return id;
}

double seconds_of(const std::vector<std::string>& arguments) {
  const auto begin = Clock::now();
  int status = 0;
  ::waitpid(start(arguments), &status, 0);
  if (status != 0) throw std::runtime_error(arguments[0] + " failed");
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

double seconds_to_flush(const fs::path& file) {
  const auto begin = Clock::now();
  const int descriptor = ::open(file.c_str(), O_RDWR | O_CLOEXEC);
  ::fdatasync(descriptor);
  ::close(descriptor);
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

class ServerProcess {
 public:
  ServerProcess(const std::string& program, const fs::path& file) {
    int input[2] = {};
    int output[2] = {};
    if (::pipe2(input, O_CLOEXEC) != 0 || ::pipe2(output, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, input[0], STDIN_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions, output[1], STDOUT_FILENO);
    id_ = start({program, "--serve", file.string()}, &actions);
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(input[0]);
    ::close(output[1]);
    input_ = input[1];
    for (char c = 0; ::read(output[0], &c, 1) == 1 && c != '\n';) url_.push_back(c);
    ::close(output[0]);
  }
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;
  ~ServerProcess() {
    ::close(input_);
    ::waitpid(id_, nullptr, 0);
  }
  [[nodiscard]] const std::string& url() const { return url_; }

 private:
  pid_t id_ = 0;
  int input_ = -1;
  std::string url_;
};

void make_noise(const fs::path& file, std::uint64_t bytes) {
  const web::Content noise = web::generated_content(bytes);
  std::vector<std::byte> buffer(std::size_t{1} << 20);
  std::ofstream stream(file, std::ios::binary);
  for (std::uint64_t done = 0; done < bytes; done += buffer.size()) {
    const std::span<std::byte> piece = std::span(buffer).first(std::min<std::uint64_t>(buffer.size(), bytes - done));
    noise.read(done, piece);
    stream.write(reinterpret_cast<const char*>(piece.data()), static_cast<std::streamsize>(piece.size()));
  }
}

void compare(const std::string& program, const std::string& url, const fs::path& folder, const std::string& md5,
             double megabytes, int rounds) {
  const fs::path target = folder / "downloaded";
  std::vector<double> ours;
  std::vector<double> curls;
  std::vector<double> flushed;
  long growth = 0;
  for (int round = 0; round < rounds; ++round) {
    fs::remove(target);
    curls.push_back(seconds_of({"curl", "-s", "-S", "-o", target.string(), url}));
    flushed.push_back(curls.back() + seconds_to_flush(target));
    fs::remove(target);
    ours.push_back(seconds_of({program, "--fetch", url, target.string(), md5}));
    long grown = 0;
    std::ifstream(target.string() + ".growth") >> grown;
    growth = std::max(growth, grown);
  }
  std::printf(
      "%s\n  downloader %7.1f MB/s\n  curl       %7.1f MB/s   ratio %.2f\n  curl+flush %7.1f MB/s   ratio %.2f\n"
      "  memory grew by %.1f MB at most\n",
      url.c_str(), megabytes / inference_exp::benchmarks::median(ours),
      megabytes / inference_exp::benchmarks::median(curls),
      inference_exp::benchmarks::median(curls) / inference_exp::benchmarks::median(ours),
      megabytes / inference_exp::benchmarks::median(flushed),
      inference_exp::benchmarks::median(flushed) / inference_exp::benchmarks::median(ours),
      static_cast<double>(growth) / 1024);
}

int run(const std::vector<std::string>& arguments) {
  const std::string program = fs::canonical("/proc/self/exe").string();
  if (arguments.size() == 3 && arguments[1] == "--serve") return serve(arguments[2]);
  if (arguments.size() == 5 && arguments[1] == "--fetch") return fetch(arguments[2], arguments[3], arguments[4]);
  if (arguments.size() < 2) {
    std::fprintf(stderr, "usage: bench_download FOLDER [MEGABYTES [ROUNDS]]\n");
    return EXIT_FAILURE;
  }
  const fs::path folder = fs::absolute(arguments[1]) / "bench_download";
  const int megabytes = arguments.size() > 2 ? std::stoi(arguments[2]) : 500;
  const int rounds = arguments.size() > 3 ? std::stoi(arguments[3]) : 5;
  fs::create_directories(folder);
  const fs::path file = folder / "served";
  make_noise(file, std::uint64_t{1'000'000} * static_cast<std::uint64_t>(megabytes));
  const std::string md5 = hub::hash_file(file).md5;
  {
    const ServerProcess server(program, file);
    for (const char* path : {"/stream", "/ranges"}) {
      compare(program, server.url() + path, folder, md5, megabytes, rounds);
    }
  }
  fs::remove_all(folder);
  return EXIT_SUCCESS;
}

}  // namespace

int main(int count, char** values) {
  try {
    return run({values, values + count});
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return EXIT_FAILURE;
  }
}
