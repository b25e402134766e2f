agent {
  name = "gw-1
}
