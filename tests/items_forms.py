"""Items in the exact form of the public catalogues, pointing at files of a test."""

import datetime as dt

COG = "image/tiff; application=geotiff; profile=cloud-optimized"


def _item(identifier, when, footprint, collection, properties, assets):
    return {
        "type": "Feature",
        "stac_version": "1.0.0",
        "id": identifier,
        "collection": collection,
        "geometry": footprint.__geo_interface__,
        "bbox": list(footprint.bounds),
        "properties": {"datetime": when, **properties},
        "assets": assets,
        "links": [],
    }


def earth_search(identifier, when, footprint, hrefs, *, applied, baseline="05.09", offset=-0.1, epsg=32646):
    """Earth Search v1 `sentinel-2-l2a`: names of colours, raster:bands, the flag, proj:epsg."""
    raster = {"nodata": 0, "data_type": "uint16", "bits_per_sample": 15, "spatial_resolution": 10}
    assets = {
        name: {"href": href, "type": COG,
               "raster:bands": [{**raster, "scale": 0.0001, "offset": offset}], "roles": ["data"]}
        for name, href in hrefs.items()
    }  # fmt: skip
    assets |= {f"{n}-jp2": {"href": f"s3://sentinel-s2-l2a/{n}.jp2", "type": "image/jp2"} for n in hrefs}
    properties = {
        "created": "2023-10-09T01:25:21.658Z",
        "platform": "sentinel-2a",
        "eo:cloud_cover": 3.5,
        "proj:epsg": epsg,
        "grid:code": "MGRS-46TFN",
        "s2:processing_baseline": baseline,
        "s2:sequence": "0",
        "s2:generation_time": "2023-10-08T23:31:54.000000Z",
    }
    if applied is not None:
        properties["earthsearch:boa_offset_applied"] = applied
    return _item(identifier, when, footprint, "sentinel-2-l2a", properties, assets)


def earth_search_c1(identifier, when, footprint, hrefs, baseline="05.09", epsg=32646):
    """Earth Search `sentinel-2-c1-l2a`: no flag, the offset in raster:bands."""
    item = earth_search(identifier, when, footprint, hrefs, applied=None, baseline=baseline, epsg=epsg)
    return {**item, "collection": "sentinel-2-c1-l2a"}


def planetary_computer(identifier, when, footprint, hrefs, baseline="05.11", epsg=32646):
    """Planetary Computer `sentinel-2-l2a`: band numbers, no raster:bands at all, Sentinel-2B in capitals."""
    assets = {
        name: {
            "href": href,
            "type": "image/tiff; application=geotiff; profile=cloud-optimized",
            "roles": ["data"],
        }
        for name, href in hrefs.items()
    }
    properties = {
        "platform": "Sentinel-2B",
        "eo:cloud_cover": 48.747352,
        "proj:epsg": epsg,
        "s2:mgrs_tile": "46TFN",
        "s2:processing_baseline": baseline,
        "s2:generation_time": "2024-08-25T21:57:47.000000Z",
    }
    return _item(identifier, when, footprint, "sentinel-2-l2a", properties, assets)


def cdse(identifier, when, footprint, hrefs, baseline="05.11", epsg=32646):
    """CDSE: B02_10m and SCL_20m, s3 first and https as alternate, raster:offset and proj:code on assets."""
    assets = {
        name: {"href": f"s3://eodata/{name}.jp2", "type": "image/jp2", "nodata": 0, "raster:scale": 0.0001,
               "raster:offset": -0.1, "proj:code": f"EPSG:{epsg}",
               "roles": ["data", "reflectance", "sampling:original"], "alternate": {"https": {"href": href}}}
        for name, href in hrefs.items()
    }  # fmt: skip
    properties = {"platform": "sentinel-2b", "eo:cloud_cover": 1.0, "grid:code": "MGRS-46TFN"}
    properties["processing:version"] = baseline
    return _item(identifier, when, footprint, "sentinel-2-l2a", properties, assets)


def day(n):
    return (dt.datetime(2024, 1, 1, 4, 50, tzinfo=dt.UTC) + dt.timedelta(days=n)).isoformat().replace("+00:00", "Z")
