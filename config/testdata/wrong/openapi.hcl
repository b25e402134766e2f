mapper "m" {
  openapi {
    file = "none.yaml"
  }
  openapi {
    file = "broken.yaml"
  }
  openapi {
    file = "broken.json"
  }
  openapi {
    file         = "operation.yaml"
    base_path    = "v1"
    service      = "Shop"
    service_from = "tags"
    action_from  = "operationid"
  }
  openapi {
    file = "."
  }
  openapi {
    file = ""
  }
  openapi {
    base_path = "/v1"
  }
  openapi {
    file         = "../shop.yaml"
    service      = "Shop"
    service_from = "tag"
  }
}
