// Brings bytes of one file into its part, as often as it takes.
#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <optional>
#include <span>
#include <stop_token>
#include <string>

#include "hub/download_progress.hpp"
#include "hub/downloader.hpp"
#include "hub/part_file.hpp"

namespace inference_exp::hub {

/// What all requests for one file have in common. Borrowed, all of it.
struct FileContext {
  HttpClient& client;
  const DownloadTask& task;
  const DownloadSettings& settings;
  PartFile& part;
  FileProgress& progress;
  std::stop_token stop;
};

/// Which answers do.
enum class FetchMode : std::uint8_t {
  range,  ///< these bytes and no others
  rest,   ///< what is missing at the end; all of the file if the server would rather send that
  whole,  ///< all of the file, asked for without ranges
};

/// One request after another until the bytes are there. Retries what may succeed later: statuses of the settings and
/// broken connections, with growing pauses, from the byte it had reached. Throws RetryError when it has had enough,
/// RangeRequestNotSupportedError when the server answers a range with something else, ModelRetrievalError for an answer
/// that retrying won't change, and whatever the part and the progress throw.
class Fetch {
 public:
  /// All of the file, or what is missing of it.
  Fetch(const FileContext& context, FetchMode mode);
  /// A range.
  Fetch(const FileContext& context, ByteRange range);

  void run();

 private:
  /// What came of one request.
  struct Attempt {
    bool asked_for_range = false;
    bool accepted = false;       ///< the answer's head is as it should be, its body is being taken
    bool is_range = false;       ///< 206
    bool too_long = false;       ///< more bytes than announced
    std::exception_ptr error{};  ///< from within the sinks
  };

  [[nodiscard]] bool is_done() const { return end_ && position_ == *end_; }
  [[nodiscard]] HttpRequest next_request();
  bool take_head(const HttpResponse& response);
  void accept_range(const HttpResponse& response);
  void accept_whole(const HttpResponse& response);
  bool take_body(std::span<const std::byte> bytes);
  /// Says how far it is, also while nothing arrives, so that the caller can stop the work at any time. False: it does.
  bool tell_progress();
  /// Returns when another request is worth it.
  void judge(const HttpResult& result);
  void wait_or_give_up(const HttpResult& result, const std::string& cause, bool server_to_blame);
  void wait(std::chrono::milliseconds pause);

  const FileContext& context_;
  const FetchMode mode_;
  std::uint64_t position_ = 0;
  std::optional<std::uint64_t> end_{};
  Attempt attempt_{};

  std::uint64_t last_end_ = 0;  ///< where the last body broke off
  std::uint64_t furthest_ = 0;  ///< when the counts below were last set back
  int tries_ = 0;
  int refusals_ = 0;  ///< of `tries_`: answers that said no, or made no sense
};

}  // namespace inference_exp::hub
