mapper "shop" {
  test "nothing" {
  }
  test "no line" {
    line   = ""
    expect = { eventName = "x" }
  }
  test "two lines" {
    line   = "a\nb"
    expect = { eventName = "x" }
  }
  test "nothing expected" {
    line = "a"
  }
  test "twice" {
    line    = "a"
    outcome = "ignored"
  }
  test "twice" {
    line    = "a"
    outcome = "ignored"
  }
  test "ignored and compared" {
    line    = "a"
    outcome = "ignored"
    expect  = { eventName = "x" }
  }
  test "unknown" {
    line    = "a"
    outcome = "ignore"
    format  = "ngnix"
    expect  = { eventNam = "x", eventName = ["x"], "requestParameters.id" = path.id }
  }
}
