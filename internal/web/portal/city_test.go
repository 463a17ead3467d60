package portal

// cityMap is a fictional city of six districts.
const cityMap = `{"type":"FeatureCollection","features":[
{"type":"Feature","properties":{"code":"990102","name":"东溪区"},"geometry":{"type":"Polygon","coordinates":[[[118.30,36.40],[118.48,36.38],[118.62,36.46],[118.60,36.62],[118.46,36.66],[118.32,36.58],[118.30,36.40]]]}},
{"type":"Feature","properties":{"code":"990103","name":"西溪区"},"geometry":{"type":"Polygon","coordinates":[[[118.02,36.44],[118.14,36.36],[118.30,36.40],[118.32,36.58],[118.20,36.66],[118.04,36.60],[118.02,36.44]]]}},
{"type":"Feature","properties":{"code":"990104","name":"南屏区"},"geometry":{"type":"Polygon","coordinates":[[[118.14,36.36],[118.18,36.18],[118.40,36.12],[118.52,36.24],[118.48,36.38],[118.30,36.40],[118.14,36.36]]]}},
{"type":"Feature","properties":{"code":"990105","name":"北川县"},"geometry":{"type":"MultiPolygon","coordinates":[[[[118.20,36.66],[118.32,36.58],[118.46,36.66],[118.50,36.84],[118.28,36.92],[118.12,36.82],[118.20,36.66]]]]}},
{"type":"Feature","properties":{"code":"990106","name":"云湖县"},"geometry":{"type":"Polygon","coordinates":[[[118.46,36.66],[118.60,36.62],[118.82,36.70],[118.80,36.88],[118.50,36.84],[118.46,36.66]]]}},
{"type":"Feature","properties":{"code":"990171","name":"临溪高新区"},"geometry":{"type":"Polygon","coordinates":[[[118.62,36.46],[118.48,36.38],[118.52,36.24],[118.74,36.28],[118.84,36.44],[118.82,36.70],[118.60,36.62],[118.62,36.46]]]}}
]}`
