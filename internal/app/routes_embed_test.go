package app

// The pages of checks in other systems: a ticket is asked for with a key, which the callers of the walk do not have; package check tests who may.
func init() {
	samples["POST /api/v1/checks/embed"] = body("/api/v1/checks/embed", `{"matter":"{matter}","officer":"ck-1","origin":"https://banshi.example"}`)
	beyond["POST /api/v1/checks/embed"] = "嵌入的核查窗口只能用接口密钥开"
}
