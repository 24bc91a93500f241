// A web server on loopback for tests: real sockets, one thread for each connection, and every way to misbehave.
//
//   HttpServer server;
//   server.on("/model.onnx", serve_file(generated_content(64 << 20)));
//   server.on("/flaky", fail_first(2, answer(503), serve_file(text_content("at last"))));
//   ... client asks for server.url("/model.onnx") ...
//   EXPECT_EQ(server.count("/model.onnx"), 1);
//
// Handlers run on the connections' threads, several at once. The destructor ends whatever is under way.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace inference_exp::testing {

using Headers = std::vector<std::pair<std::string, std::string>>;

struct Request {
  std::string method;
  std::string target;  ///< as it came: path and query, or a whole address when the server is used as a proxy
  std::string path;
  std::string query;  ///< without '?', still encoded
  Headers headers;    ///< names in lower case

  /// Empty when there is none; `has_header` tells the difference.
  [[nodiscard]] std::string header(std::string_view lower_case_name) const;
  [[nodiscard]] bool has_header(std::string_view lower_case_name) const;
  /// The decoded values of a query parameter, in order.
  [[nodiscard]] std::vector<std::string> query_values(std::string_view name) const;
  /// The one range of the Range header, both ends inclusive; nothing without one. `size` resolves open ends.
  [[nodiscard]] std::optional<std::pair<std::uint64_t, std::uint64_t>> range(std::uint64_t size) const;
};

/// Bytes to be served, not necessarily in memory.
struct Content {
  std::uint64_t size = 0;
  std::function<void(std::uint64_t offset, std::span<std::byte> into)> read{};
  std::filesystem::path file{};  ///< instead of `read`

  /// All of it.
  [[nodiscard]] std::string text() const;
};
[[nodiscard]] Content text_content(std::string text);
/// Noise that depends on the place, so that misplaced pieces are noticed. Costs no memory however large.
[[nodiscard]] Content generated_content(std::uint64_t size, std::uint64_t seed = 1);
/// Sent with sendfile.
[[nodiscard]] Content file_content(const std::filesystem::path& file);

/// What a connection does after an answer.
enum class Ending : std::uint8_t {
  keep,     ///< waits for the next request
  close,    ///< ends in order
  reset,    ///< TCP reset
  silence,  ///< sends nothing more and stays open
};

struct Response {
  int status = 200;  ///< 0: sends nothing at all and goes on with `ending`
  Headers headers{};
  Content body{};
  std::uint64_t first = 0;               ///< the part of `body` that is sent: from here
  std::optional<std::uint64_t> count{};  ///< this many bytes; unset: to its end

  enum class Framing : std::uint8_t { length, chunked, until_close } framing = Framing::length;
  std::optional<std::uint64_t> announced_length{};  ///< Content-Length says this, true or not
  bool endless = false;                             ///< the body again and again, chunked
  std::optional<std::uint64_t> cut_after{};         ///< sends only so many bytes of the body, then `ending`
  Ending ending = Ending::keep;
  std::chrono::milliseconds pause{0};  ///< between pieces of `piece` bytes
  std::size_t piece = std::size_t{1} << 18;
  std::optional<std::string> raw{};  ///< sent instead of head and body
};

using Handler = std::function<void(const Request&, Response&)>;

struct FileHeaders {
  std::string etag = "\"v1\"";  ///< empty: none
  std::string last_modified = "Mon, 01 Jan 2024 00:00:00 GMT";
};
/// Accept-Ranges, 206 with Content-Range, 416, If-Range, HEAD.
[[nodiscard]] Handler serve_file(Content content, FileHeaders headers = {});
/// Does not know ranges, and says nothing of them.
[[nodiscard]] Handler serve_without_ranges(Content content, FileHeaders headers = {});
/// Says "Accept-Ranges: bytes" and then always answers with the whole body and 200.
[[nodiscard]] Handler ignore_ranges(Content content, FileHeaders headers = {});
/// Answers 206 with bytes, and a Content-Range, that begin `shift` bytes after what was asked for.
[[nodiscard]] Handler serve_wrong_range(Content content, std::uint64_t shift, FileHeaders headers = {});
/// A status with a body, without anything special.
[[nodiscard]] Handler answer(int status, std::string body = {}, Headers headers = {});
[[nodiscard]] Handler answer_json(std::string body);
[[nodiscard]] Handler redirect(std::string location, int status = 302);
/// 200 with a page for people, as captive portals and login pages do.
[[nodiscard]] Handler html_page();
/// A chunked body that never ends.
[[nodiscard]] Handler endless_body();

// Changes to what another handler answers. They count requests over all connections.
/// The first `count` requests go to `failing`, later ones to `then`.
[[nodiscard]] Handler fail_first(int count, Handler failing, Handler then);
/// Stops after `bytes` of the body.
[[nodiscard]] Handler cut_after(std::uint64_t bytes, Ending ending, Handler handler);
/// Content-Length is `length` instead; the connection is closed after the true body.
[[nodiscard]] Handler announce_length(std::uint64_t length, Handler handler);
/// Sends `piece` bytes, waits for `pause`, and so on.
[[nodiscard]] Handler trickle(std::chrono::milliseconds pause, std::size_t piece, Handler handler);

/// A certificate for some names of this machine, made on the spot.
class TlsIdentity;
[[nodiscard]] std::shared_ptr<const TlsIdentity> make_tls_identity(
    const std::string& names = "DNS:localhost,IP:127.0.0.1");
/// PEM, to be trusted by clients.
[[nodiscard]] std::string certificate_pem(const TlsIdentity& identity);

class HttpServer {
 public:
  /// Listens on a free port of 127.0.0.1. With an identity it speaks TLS only.
  explicit HttpServer(std::shared_ptr<const TlsIdentity> identity = nullptr);
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;
  ~HttpServer();

  /// Paths are compared whole. Unknown ones get 404, or go to the handler of "*".
  void on(std::string path, Handler handler);

  [[nodiscard]] std::uint16_t port() const noexcept;
  /// "http://127.0.0.1:<port><path>"; `host` may be another name of this machine.
  [[nodiscard]] std::string url(std::string_view path = {}, std::string_view host = "127.0.0.1") const;

  /// Everything that came so far, in order.
  [[nodiscard]] std::vector<Request> requests() const;
  [[nodiscard]] std::vector<Request> requests(std::string_view path) const;
  [[nodiscard]] std::size_t count() const;
  /// Requests for `path`, all or those of one method.
  [[nodiscard]] std::size_t count(std::string_view path, std::string_view method = {}) const;
  [[nodiscard]] std::size_t connections() const;
  /// The largest number of requests that were being answered at the same time.
  [[nodiscard]] std::size_t most_at_once() const;
  [[nodiscard]] std::uint64_t body_bytes_sent() const;
  void forget_requests();

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace inference_exp::testing
